import { DomainError } from '@housestyle/domain';
import {
  type Feeds,
  type Fetched,
  type GraphModel,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
  type Tensor,
} from '@housestyle/graph';
import * as ort from 'onnxruntime-node';
import { requireDevice, requireHalfPrecision, type Device } from './device.js';
import { operatorsLackingOn } from './operators-on-device.js';

export interface OnnxGraphRunnerOptions extends GraphRunOptions {
  /** the CPU when absent. */
  readonly device?: Device;
  /** where a session's profile is written when it is released: the beginning of the file's path; absent: there is none. */
  readonly profilePrefix?: string | undefined;
}

/**
 * Runs graphs with onnxruntime on one device, which it never changes: a GPU that is not there is `device_unavailable`,
 * not a slow CPU, and so is one that lacks some of a graph's operators. `run` blocks the calling thread for as long as
 * the graph takes: services keep sessions in worker threads. Inputs are read in place, outputs are copied out.
 */
export class OnnxGraphRunner implements GraphRunner {
  readonly isGpu: boolean;
  private readonly device: Device;
  private readonly profilePrefix: string | undefined;
  private readonly defaults: GraphRunOptions;

  constructor({ device = 'cpu', profilePrefix, ...defaults }: OnnxGraphRunnerOptions = {}) {
    this.device = device;
    this.isGpu = device !== 'cpu';
    this.profilePrefix = profilePrefix;
    this.defaults = defaults;
  }

  async load(model: GraphModel, options: GraphRunOptions = {}): Promise<GraphSession> {
    const { threads, hasMemoryPattern } = { ...this.defaults, ...options };
    if (this.isGpu) await this.requireGpuFor(model);
    try {
      const session = await ort.InferenceSession.create(model.bytes, {
        executionProviders: [this.device],
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: LOG_ERRORS,
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
        ...(this.profilePrefix === undefined
          ? {}
          : { enableProfiling: true, profileFilePrefix: `${this.profilePrefix}${model.name}` }),
        ...(hasMemoryPattern === undefined ? {} : { enableMemPattern: hasMemoryPattern }),
        extra: {
          session: {
            // Several sessions share a process: one that has nothing to do must not spin on a core.
            force_spinning_stop: '1',
            ...(model.weightsFolder === undefined
              ? {}
              : { model_external_initializers_file_folder_path: model.weightsFolder }),
          },
        },
      });
      return new OnnxGraphSession(session, this.profilePrefix !== undefined);
    } catch (cause) {
      throw new DomainError('invalid_model', `graph ${model.name}: ${messageOf(cause)}`, { cause });
    }
  }

  /** A graph that is computed here and there copies what it computes to and fro: slower than on the CPU alone. */
  private async requireGpuFor(model: GraphModel): Promise<void> {
    const { device } = this;
    await requireDevice(device);
    const lacking = await operatorsLackingOn(device, model);
    if (lacking.length > 0) {
      const what = `operators that graph ${model.name} is made of (${lacking.join(', ')}), which the CPU would have to compute`;
      throw new DomainError('device_unavailable', `${device} lacks ${what}: choose precision fp32 or fp16, or the CPU`);
    }
    const isHalf = model.operators?.().some(({ types }) => types.includes('float16'));
    if (isHalf) await requireHalfPrecision(device);
  }
}

class OnnxGraphSession implements GraphSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  constructor(
    private readonly session: ort.InferenceSession,
    private readonly isProfiled: boolean,
  ) {
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
  }

  async run(feeds: Feeds, fetches: readonly string[] = this.outputNames): Promise<Fetched> {
    const inputs = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
    const outputs = await this.session.run(Object.fromEntries(inputs), fetches);
    return Object.fromEntries(fetches.map((name) => [name, fromOrt(name, outputs[name])]));
  }

  async release(): Promise<void> {
    if (this.isProfiled) this.session.endProfiling();
    await this.session.release();
  }
}

const LOG_ERRORS = 3;

/**
 * The binding takes no memory that threads share. Halves are bits here: where JavaScript has an array of its own for them
 * (Node 24), onnxruntime makes one of the bits, which its binding then takes for empty, so the binding is given the bits.
 */
function toOrt({ type, data: values, dims }: Tensor): ort.Tensor {
  const data = values.buffer instanceof SharedArrayBuffer ? values.slice() : values;
  const tensor = new ort.Tensor(type, data, dims);
  return type === 'float16' ? Object.defineProperty(tensor, 'data', { value: data }) : tensor;
}

function fromOrt(name: string, value: ort.OnnxValue | undefined): Tensor {
  if (!value || !isKnownType(value.type)) throw new Error(`output ${name} has no known element type: ${value?.type}`);
  const { type, data, dims } = value;
  return { type, data: type === 'float16' ? bitsOf(data as ArrayBufferView) : data, dims } as Tensor;
}

const bitsOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint16Array =>
  new Uint16Array(buffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT);

const KNOWN_TYPES: readonly string[] = [
  'float32',
  'float16',
  'int64',
  'int32',
  'int8',
  'uint8',
  'bool',
] satisfies Tensor['type'][];
const isKnownType = (type: string): type is Tensor['type'] => KNOWN_TYPES.includes(type);

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
