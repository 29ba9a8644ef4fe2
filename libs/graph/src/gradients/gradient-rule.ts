import type { FloatValue, GraphBuilder, GraphNode } from '../graph-builder.js';

/**
 * The backward rule of an operator: for each of its inputs, in order, how to emit the gradient of the loss by that
 * input; undefined for inputs that have none (indices, shapes, masks). Only the gradients that lead to something wanted
 * are called for, so a rule emits nothing outside those functions.
 */
export type GradientRule = (step: BackwardStep) => readonly (InputGradient | undefined)[];
export type InputGradient = () => FloatValue;

/** Rules by operator type. */
export type GradientRules = Readonly<Record<string, GradientRule>>;

/** One node on the way back: its values, and the gradients of the loss by its outputs. */
export class BackwardStep {
  constructor(
    readonly g: GraphBuilder,
    /** as it was when the walk began; see `extraOutputs`. */
    readonly node: Pick<GraphNode, 'opType' | 'inputs' | 'outputs' | 'attributes'>,
    /** by output; undefined where nothing that the loss depends on uses that output. */
    readonly outputGradients: readonly (FloatValue | undefined)[],
  ) {}

  /** The gradient by the first output. */
  get gradient(): FloatValue {
    return required(this.outputGradients[0], `${this.node.opType}: no gradient by its first output`);
  }

  /** Input `index`, which the operator's definition says is a float. */
  input(index: number): FloatValue {
    const value = required(this.node.inputs[index], `${this.node.opType}: no input ${index}`);
    if (value.type !== 'float32') throw new TypeError(`${this.node.opType}: input ${index} is ${value.type}`);
    return value as FloatValue;
  }

  get output(): FloatValue {
    return this.node.outputs[0] as FloatValue;
  }

  /** The integer attribute `name`. */
  int(name: string, whenAbsent: number): number {
    const attribute = this.node.attributes[name];
    return attribute && 'int' in attribute ? attribute.int : whenAbsent;
  }

  /** The float attribute `name`. */
  float(name: string, whenAbsent: number): number {
    const attribute = this.node.attributes[name];
    return attribute && 'float' in attribute ? attribute.float : whenAbsent;
  }
}

/** `make`, called at most once: for what several gradients of one step have in common. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function required<T>(value: T | undefined, complaint: string): T {
  if (value === undefined) throw new Error(complaint);
  return value;
}
