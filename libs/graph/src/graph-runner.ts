import type { ElementType, Tensor } from './tensor.js';

/** A serialised ONNX model and where its external weights lie. */
export interface GraphModel {
  readonly name: string;
  /** ModelProto. */
  readonly bytes: Uint8Array;
  /** absolute folder that the model's external data locations are relative to; absent when all weights are inside. */
  readonly weightsFolder?: string;
  /** Its kinds of operators, each as a graph of its own: to ask a runtime which of them it has. */
  readonly operators?: () => readonly OperatorKind[];
}

/** An operator and the types it is applied to. */
export interface OperatorKind {
  readonly opType: string;
  readonly types: readonly ElementType[];
  /** ModelProto of a graph of this one operator, its weights as inputs. */
  readonly bytes: Uint8Array;
}

/** How a graph is run; what a runner does not know it ignores. */
export interface GraphRunOptions {
  /** threads of one operator; the runner's own default when absent. */
  readonly threads?: number;
  /**
   * Whether a run's memory is planned as one block for each set of input shapes, which is the default and quick. Without
   * it less is held at the peak, most of all by large graphs whose shapes change from run to run.
   */
  readonly hasMemoryPattern?: boolean;
}

/** Runs graphs. The core declares it, an adapter implements it, an application wires the two. */
export interface GraphRunner {
  /** Whether it computes on a GPU: graphs for one differ, see `PrecisionOptions` of clipcap. Absent: it does not. */
  readonly isGpu?: boolean;
  /** @throws DomainError `invalid_model` when the graph or its weights are refused. */
  load(model: GraphModel, options?: GraphRunOptions): Promise<GraphSession>;
}

/** One loaded graph. `run` may be called again and again; sessions hold native memory until released. */
export interface GraphSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Feeds by input name → outputs by name: all, or the `fetches` asked for (a runner may compute the others too). */
  run(feeds: Feeds, fetches?: readonly string[]): Promise<Fetched>;
  release(): Promise<void>;
}

export type Feeds = Readonly<Record<string, Tensor>>;
export type Fetched = Readonly<Record<string, Tensor>>;

/** The output `name` as elements of `type`. @throws TypeError when the graph gave something else. */
export function fetched<T extends ElementType>(outputs: Fetched, name: string, type: T): Tensor<T> {
  const output = outputs[name];
  if (output?.type !== type) throw new TypeError(`output ${name} is ${output?.type ?? 'missing'}, not ${type}`);
  return output as Tensor<T>;
}
