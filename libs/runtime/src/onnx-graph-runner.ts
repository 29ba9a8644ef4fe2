import { DomainError } from '@housestyle/domain';
import type { Feeds, Fetched, GraphModel, GraphRunner, GraphRunOptions, GraphSession, Tensor } from '@housestyle/graph';
import * as ort from 'onnxruntime-node';

/**
 * Runs graphs on onnxruntime's CPU provider. `run` blocks the calling thread for as long as the graph takes: services
 * keep sessions in worker threads. Inputs are read in place, outputs are copied out.
 */
export class OnnxGraphRunner implements GraphRunner {
  constructor(private readonly defaults: GraphRunOptions = {}) {}

  async load(model: GraphModel, options: GraphRunOptions = {}): Promise<GraphSession> {
    const { threads, hasMemoryPattern } = { ...this.defaults, ...options };
    try {
      const session = await ort.InferenceSession.create(model.bytes, {
        executionProviders: ['cpu'],
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: LOG_ERRORS,
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
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
      return new OnnxGraphSession(session);
    } catch (cause) {
      throw new DomainError('invalid_model', `graph ${model.name}: ${messageOf(cause)}`, { cause });
    }
  }
}

class OnnxGraphSession implements GraphSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  constructor(private readonly session: ort.InferenceSession) {
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
  }

  async run(feeds: Feeds, fetches: readonly string[] = this.outputNames): Promise<Fetched> {
    const inputs = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
    const outputs = await this.session.run(Object.fromEntries(inputs), fetches);
    return Object.fromEntries(fetches.map((name) => [name, fromOrt(name, outputs[name])]));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

const LOG_ERRORS = 3;

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
