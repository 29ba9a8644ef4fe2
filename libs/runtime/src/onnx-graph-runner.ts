import { DomainError } from '@housestyle/domain';
import {
  GraphBuilder,
  op,
  type Feeds,
  type Fetched,
  type GraphModel,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
  type Tensor,
} from '@housestyle/graph';
import * as ort from 'onnxruntime-node';

/** Where graphs can run: `cuda` is an NVIDIA GPU, `webgpu` any GPU with a Vulkan, Metal or Direct3D driver. */
export const DEVICES = ['cpu', 'cuda', 'webgpu'] as const;
export type Device = (typeof DEVICES)[number];

export interface OnnxGraphRunnerOptions extends GraphRunOptions {
  /** the CPU when absent. */
  readonly device?: Device;
  /** where a session's profile is written when it is released: the beginning of the file's path; absent: there is none. */
  readonly profilePrefix?: string | undefined;
}

/**
 * Runs graphs with onnxruntime on one device, which it never changes: a GPU that is not there is `device_unavailable`,
 * not a slow CPU. `run` blocks the calling thread for as long as the graph takes: services keep sessions in worker
 * threads. Inputs are read in place, outputs are copied out.
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
      await expectDevice(this.device);
      throw new DomainError('invalid_model', `graph ${model.name}: ${messageOf(cause)}`, { cause });
    }
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
const LOG_FATAL = 4;

/** What a machine needs before its GPU is there, besides the GPU. */
const NEEDED: Readonly<Record<Exclude<Device, 'cpu'>, string>> = {
  cuda: 'install the NVIDIA driver, CUDA 12, cuDNN 9 and the CUDA libraries of onnxruntime-node (npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12)',
  webgpu: 'install a Vulkan driver for the GPU and its loader (libvulkan1)',
};

/** @throws DomainError `device_unavailable` when not even the smallest graph can be loaded there. */
async function expectDevice(device: Device): Promise<void> {
  if (device === 'cpu') return;
  const g = new GraphBuilder('probe');
  g.output('y', op.mul(g, g.input('x', 'float32', [1]), g.float(2)), [1]);
  try {
    const options = { executionProviders: [device], logSeverityLevel: LOG_FATAL } as const;
    await (await ort.InferenceSession.create(g.build().bytes, options)).release();
  } catch (cause) {
    const why = messageOf(cause).trim().split('\n').at(-1);
    throw new DomainError('device_unavailable', `${device} is not there (${why}); ${NEEDED[device]}`, { cause });
  }
}

const toOrt = ({ type, data, dims }: Tensor): ort.Tensor => new ort.Tensor(type, data, dims);

function fromOrt(name: string, value: ort.OnnxValue | undefined): Tensor {
  if (!value || !isKnownType(value.type)) throw new Error(`output ${name} has no known element type: ${value?.type}`);
  return { type: value.type, data: value.data, dims: value.dims } as Tensor;
}

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
