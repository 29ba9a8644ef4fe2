import { createRequire } from 'node:module';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import type { TensorFlow } from './tensorflow.js';

/** The first that is installed is used. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

export interface TensorFlowPlace {
  /** where one of the packages was installed; absent: beside the product's own packages. */
  readonly folder?: string;
}

/**
 * TensorFlow.js on the GPU where its GPU package is installed, else on the CPU; never on a slow CPU unasked.
 * @throws DomainError `device_unavailable`, saying what to install
 */
export function loadTensorFlow({ folder }: TensorFlowPlace = {}): TensorFlow {
  const require = createRequire(folder === undefined ? import.meta.url : path.resolve(folder, 'package.json'));
  const name = PACKAGES.find((candidate) => isInstalled(require, candidate));
  if (!name) throw new DomainError('device_unavailable', `TensorFlow.js is not installed${inside(folder)}; ${ADVICE}`);
  restoreUtilities(require);
  const tf = load(require, name);
  const { isGPUPackage, isUsingGpuDevice } = tf.backend();
  if (isGPUPackage && !isUsingGpuDevice) {
    throw new DomainError('device_unavailable', `${name} finds no NVIDIA GPU; to compute on the CPU, ${CPU_ADVICE}`);
  }
  return tf;
}

const CPU_ADVICE = 'install @tensorflow/tfjs-node in its place';
const ADVICE =
  'npm install @tensorflow/tfjs-node-gpu for an NVIDIA GPU with CUDA, or npm install @tensorflow/tfjs-node for the CPU';

const inside = (folder: string | undefined): string => (folder === undefined ? '' : ` in ${folder}`);

function isInstalled(require: NodeJS.Require, name: string): boolean {
  try {
    return Boolean(require.resolve(`${name}/package.json`));
  } catch {
    return false;
  }
}

function load(require: NodeJS.Require, name: string): TensorFlow {
  try {
    return require(name) as TensorFlow;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DomainError('device_unavailable', `${name} is installed but does not load: ${why}`, { cause });
  }
}

/** TensorFlow.js 4 calls at every operator what Node 23 has dropped, the first, and deprecates, the second. */
function restoreUtilities(require: NodeJS.Require): void {
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}
