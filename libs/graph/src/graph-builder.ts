import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import type { GradientRule } from './gradients/gradient-rule.js';
import type { GraphModel, OperatorKind } from './graph-runner.js';
import { inferDims } from './infer-dims.js';
import { encodeModel, type Attributes, type Dim, type OnnxInitializer, type OpDomain } from './onnx-proto.js';
import { float32, int64, type ElementType, type Tensor } from './tensor.js';
import { requireWeight, type FileTensor, type WeightSource } from './weights.js';

/** A value that flows through a graph: an input, a weight, or what an operator gives. Only its builder may name it. */
export interface Value<T extends ElementType = ElementType> {
  readonly type: T;
  /** known for inputs and weights, and for what operators give where `inferDims` says it, or `sized`. */
  readonly dims?: readonly Dim[];
}

export type FloatValue = Value<'float32'>;
export type Int64Value = Value<'int64'>;

/** One operator as applied: kept whole, so that a later pass (gradients, quantisation) can walk the graph. */
export interface GraphNode {
  readonly opType: string;
  readonly domain: OpDomain;
  /** undefined for an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/**
 * Makes one ONNX graph: declare inputs, apply the functions of `op` to values, declare outputs, `build()`.
 * Weights are added once each, by reference into their checkpoint file wherever they lie in one.
 */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  private readonly names = new Map<Value, string>();
  private readonly inputs = new Map<string, Value>();
  private readonly outputs = new Map<string, { value: Value; dims: readonly Dim[] }>();
  private readonly constants = new Map<string, Value>();
  private readonly initializers = new Map<string, Initializer>();
  private readonly parameters = new Map<string, FloatValue>();
  private readonly composites = new Map<Value, Composite>();

  constructor(readonly name: string) {}

  input<T extends ElementType>(name: string, type: T, dims: readonly Dim[]): Value<T> {
    const value = this.named({ type, dims }, name);
    this.inputs.set(name, value);
    return value;
  }

  /** An input under a weight's name, which `weight` gives from now on in place of a checkpoint's tensor: it is trained. */
  parameter(name: string, dims: readonly number[]): FloatValue {
    if (this.initializers.has(name)) throw new Error(`graph ${this.name}: ${name} is already a frozen weight`);
    const value = this.input(name, 'float32', dims);
    this.parameters.set(name, value);
    return value;
  }

  /** Declares `value` an output called `name`; under several names, it is copied. */
  output(name: string, value: Value, dims: readonly Dim[]): void {
    const isFree = this.nodes.some((node) => node.outputs.includes(value)) && !this.isOutput(value);
    const exposed = isFree ? value : this.apply('Identity', [value], value.type);
    this.names.set(exposed, name);
    this.outputs.set(name, { value: exposed, dims });
  }

  /**
   * The checkpoint's tensor `name` under that same name; asked for twice it is still one initializer.
   * @throws DomainError `invalid_model` when it is missing, not of shape `dims` or not a float.
   */
  weight(source: WeightSource, name: string, dims?: readonly number[]): FloatValue {
    const parameter = this.parameters.get(name);
    if (parameter) {
      if (dims && dims.join() !== parameter.dims?.join()) {
        const [is, expected] = [parameter.dims?.join(', '), dims.join(', ')];
        throw new DomainError('invalid_model', `trained ${name} is [${is}], its configuration says [${expected}]`);
      }
      return parameter;
    }
    const known = this.initializers.get(name);
    if (known && known.source !== source) {
      throw new Error(`graph ${this.name}: ${name} of ${source.label} has the name of another checkpoint's weight`);
    }
    const value = known?.value ?? this.initializer(name, requireWeight(source, name, dims));
    this.initializers.get(name)!.source = source;
    if (!isFloat(value)) throw new DomainError('invalid_model', `${source.label}: ${name} is of type ${value.type}`);
    return value;
  }

  /** A weight under a name of the caller's choice. */
  initializer<T extends 'float32' | 'float16'>(name: string, weight: FileTensor<T> | Tensor<T>): Value<T>;
  initializer<T extends ElementType>(name: string, weight: Tensor<T>): Value<T>;
  initializer(name: string, weight: FileWeight | Tensor): Value;
  initializer(name: string, weight: FileWeight | Tensor): Value {
    if (this.initializers.has(name)) throw new Error(`graph ${this.name}: initializer ${name} is already there`);
    const value = this.named({ type: weight.type, dims: weight.dims }, name);
    this.initializers.set(name, { value, weight });
    return value;
  }

  /** A small tensor written into the graph; equal ones are shared. */
  constant<T extends ElementType>(tensor: Tensor<T>): Value<T> {
    const { type, data, dims } = tensor as Tensor;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const key = `${type}[${dims.join()}]${bytes.toString('base64')}`;
    const value = this.constants.get(key) ?? this.initializer(`const_${this.constants.size}`, tensor as Tensor);
    this.constants.set(key, value);
    return value as Value<T>;
  }

  /** A scalar float. */
  float(value: number): FloatValue {
    return this.constant<'float32'>(float32([value], []));
  }

  /** A vector of integers: shapes, axes, bounds. */
  ints(...values: readonly number[]): Int64Value {
    return this.constant<'int64'>(int64(values));
  }

  /** Applies an operator with one output. The functions of `op` are its typed faces. */
  apply<T extends ElementType>(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputType: T,
    attributes: Attributes = {},
    domain: OpDomain = '',
  ): Value<T> {
    return this.applyMany(opType, inputs, [outputType], attributes, domain)[0];
  }

  /** Applies an operator with several outputs. */
  applyMany<const T extends readonly ElementType[]>(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputTypes: T,
    attributes: Attributes = {},
    domain: OpDomain = '',
  ): { -readonly [I in keyof T]: Value<T[I]> } {
    for (const input of inputs) {
      if (input && !this.names.has(input)) throw new Error(`graph ${this.name}: ${opType} is given a foreign value`);
    }
    const index = this.nodes.length;
    const known = inputs.map((input) => input?.dims);
    const dims = inferDims(opType, known, attributes);
    const outputs = outputTypes.map((type, n) =>
      this.named({ type, ...(dims && { dims }) }, `${opType}_${index}${n > 0 ? `.${n}` : ''}`),
    );
    this.nodes.push({ opType, domain, inputs, outputs, attributes });
    return outputs as { -readonly [I in keyof T]: Value<T[I]> };
  }

  /** `value`, of which its operators do not say that it has these dimensions. */
  sized<V extends Value>(value: V, dims: readonly Dim[]): V {
    return Object.assign(value, { dims });
  }

  /** Further outputs of the node that gives `output`, of those its operator may have and that were not asked for. */
  extraOutputs<const T extends readonly ElementType[]>(
    output: Value,
    types: T,
  ): { -readonly [I in keyof T]: Value<T[I]> } {
    const index = this.nodes.findIndex((node) => node.outputs.includes(output));
    const node = this.nodes[index];
    if (!node) throw new Error(`graph ${this.name}: no operator gives that value`);
    const first = node.outputs.length;
    const extra = types.map((type, n) => this.named({ type }, `${node.opType}_${index}.${first + n}`));
    this.nodes[index] = { ...node, outputs: [...node.outputs, ...extra] };
    return extra as { -readonly [I in keyof T]: Value<T[I]> };
  }

  /**
   * Says that `output`, however it was made, is to be differentiated by `inputs` as `rule` says and not operator by
   * operator: for formulas whose gradient is shorter than the chain rule's.
   */
  differentiateAs(output: Value, inputs: readonly (Value | undefined)[], rule: GradientRule): void {
    this.composites.set(output, { inputs, rule });
  }

  compositeOf(output: Value): Composite | undefined {
    return this.composites.get(output);
  }

  /** What a constant vector of integers holds; undefined when `value` is none. */
  numbers(value: Value): readonly number[] | undefined {
    const weight = this.initializers.get(this.nameOf(value))?.weight;
    return weight?.type === 'int64' ? Array.from(weight.data, Number) : undefined;
  }

  /** What `value` is called in the graph. */
  nameOf(value: Value): string {
    const name = this.names.get(value);
    if (name === undefined) throw new Error(`graph ${this.name}: a foreign value has no name here`);
    return name;
  }

  /** What no output needs stays out. */
  build(): GraphModel {
    const nodes = this.neededNodes();
    const needed = new Set(nodes.flatMap(({ inputs }) => inputs));
    const initializers = [...this.initializers.values()].filter(({ value }) => needed.has(value));
    const folder = commonFolder(initializers.map(({ weight }) => weight).filter(isInFile));
    const nameOf = (value: Value | undefined) => (value ? this.names.get(value)! : '');
    const bytes = encodeModel({
      name: this.name,
      nodes: nodes.map((node, index) => ({
        ...node,
        name: `${node.opType}_${index}`,
        inputs: node.inputs.map(nameOf),
        outputs: node.outputs.map(nameOf),
      })),
      initializers: initializers.map(({ value, weight }): OnnxInitializer => {
        const name = nameOf(value);
        return isInFile(weight)
          ? { ...weight, name, location: path.relative(folder!, weight.file) }
          : { name, tensor: weight };
      }),
      inputs: [...this.inputs].map(([name, { type, dims = [] }]) => ({ name, type, dims })),
      outputs: [...this.outputs].map(([name, { value, dims }]) => ({ name, type: value.type, dims })),
    });
    const operators = () => this.operatorKinds(nodes);
    return { name: this.name, bytes, operators, ...(folder === undefined ? {} : { weightsFolder: folder }) };
  }

  private neededNodes(): GraphNode[] {
    const needed = new Set<Value | undefined>([...this.outputs.values()].map(({ value }) => value));
    const nodes: GraphNode[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!node.outputs.some((output) => needed.has(output))) continue;
      nodes.push(node);
      for (const input of node.inputs) needed.add(input);
    }
    return nodes.reverse();
  }

  private operatorKinds(nodes: readonly GraphNode[]): OperatorKind[] {
    const kinds = new Map<string, OperatorKind>();
    for (const node of nodes) {
      const types = [...node.inputs, ...node.outputs].flatMap((value) => value?.type ?? []);
      const key = [node.opType, ...types].join();
      if (!kinds.has(key)) kinds.set(key, { opType: node.opType, types, bytes: this.encodeAlone(node) });
    }
    return [...kinds.values()];
  }

  /** A node as a graph: its constants stay, its other inputs may have any shape. */
  private encodeAlone(node: GraphNode): Uint8Array {
    const inputs = [...new Set(node.inputs.flatMap((value) => value ?? []))];
    const constants = new Map(
      [...this.constants.values()].map((value) => [value, this.initializers.get(this.nameOf(value))!]),
    );
    const port = (value: Value) => ({ name: this.nameOf(value), type: value.type });
    return encodeModel({
      name: node.opType,
      nodes: [
        {
          ...node,
          name: node.opType,
          inputs: node.inputs.map((value) => (value ? this.nameOf(value) : '')),
          outputs: node.outputs.map((value) => this.nameOf(value)),
        },
      ],
      initializers: inputs.flatMap((value): OnnxInitializer[] => {
        const weight = constants.get(value)?.weight;
        return weight && !isInFile(weight) ? [{ name: this.nameOf(value), tensor: weight }] : [];
      }),
      inputs: inputs.filter((value) => !constants.has(value)).map(port),
      outputs: node.outputs.map(port),
    });
  }

  private named<T extends ElementType>(value: Value<T>, name: string): Value<T> {
    this.names.set(value, name);
    return value;
  }

  private isOutput(value: Value): boolean {
    return [...this.outputs.values()].some((output) => output.value === value);
  }
}

/** An output that has a backward rule of its own. */
export interface Composite {
  readonly inputs: readonly (Value | undefined)[];
  readonly rule: GradientRule;
}

interface Initializer {
  readonly value: Value;
  readonly weight: FileWeight | Tensor;
  /** the checkpoint it was asked of by name. */
  source?: WeightSource;
}

const isFloat = (value: Value): value is FloatValue => value.type === 'float32';

type FileWeight = FileTensor<'float32' | 'float16'>;

const isInFile = (weight: FileWeight | Tensor): weight is FileWeight => 'file' in weight;

/** The deepest folder that holds all these files: runtimes refuse absolute locations and `..`. */
function commonFolder(weights: readonly FileWeight[]): string | undefined {
  const [first, ...others] = [...new Set(weights.map((weight) => path.dirname(weight.file)))];
  if (first === undefined) return undefined;
  let folder = first;
  for (const other of others) {
    while (path.relative(folder, other).startsWith('..')) folder = path.dirname(folder);
  }
  return folder;
}
