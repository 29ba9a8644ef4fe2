import { ProtoWriter } from './proto-writer.js';
import type { ElementType, Tensor } from './tensor.js';

/**
 * A graph as ONNX's ModelProto. Field numbers from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto;
 * numbers are the format, so they stand in one table here and nowhere else.
 */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = new ProtoWriter();
  model.int(MODEL.irVersion, IR_VERSION);
  model.string(MODEL.producerName, 'housestyle');
  model.message(MODEL.graph, (writer) => encodeGraph(writer, graph));
  for (const [domain, version] of OPSETS) {
    model.message(MODEL.opsetImport, (writer) => {
      writer.string(OPSET.domain, domain);
      writer.int(OPSET.version, version);
    });
  }
  return model.finish();
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: OpDomain;
  /** '' for an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An input or output: a number is a fixed size, a string names a symbolic one. */
export interface OnnxPort {
  readonly name: string;
  readonly type: ElementType;
  /** absent: not even their number is known. */
  readonly dims?: readonly Dim[];
}

export type OnnxInitializer = { readonly name: string } & ({ readonly tensor: Tensor } | ExternalTensor);

export interface ExternalTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** relative to the model's weights folder. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export type Dim = number | string;
export type OpDomain = '' | 'com.microsoft';

/** An attribute's kind cannot be told from a JavaScript number, so it is always said. */
export type Attribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string };
export type Attributes = Readonly<Record<string, Attribute | undefined>>;

/** What ONNX calls each element type (TensorProto.DataType). */
export const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const satisfies Record<ElementType, number>;

/** Opset 21 is ONNX 1.16, IR version 10. */
const IR_VERSION = 10;
const OPSETS = [
  ['', 21],
  ['com.microsoft', 1],
] as const;

const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 };
const OPSET = { domain: 1, version: 2 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = { name: 1, float: 2, int: 3, string: 4, ints: 8, type: 20 };
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 };
const ENTRY = { key: 1, value: 2 };
const VALUE_INFO = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR_TYPE = { elementType: 1, shape: 2 };
const SHAPE = { dim: 1 };
const DIMENSION = { value: 1, param: 2 };
const EXTERNAL = 1;

function encodeGraph(writer: ProtoWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(GRAPH.node, (nested) => encodeNode(nested, node));
  writer.string(GRAPH.name, graph.name);
  for (const item of graph.initializers) writer.message(GRAPH.initializer, (nested) => encodeInitializer(nested, item));
  for (const port of graph.inputs) writer.message(GRAPH.input, (nested) => encodePort(nested, port));
  for (const port of graph.outputs) writer.message(GRAPH.output, (nested) => encodePort(nested, port));
}

function encodeNode(writer: ProtoWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.string(NODE.input, input);
  for (const output of node.outputs) writer.string(NODE.output, output);
  writer.string(NODE.name, node.name);
  writer.string(NODE.opType, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute) writer.message(NODE.attribute, (nested) => encodeAttribute(nested, name, attribute));
  }
  if (node.domain !== '') writer.string(NODE.domain, node.domain);
}

function encodeAttribute(writer: ProtoWriter, name: string, attribute: Attribute): void {
  writer.string(ATTRIBUTE.name, name);
  if ('float' in attribute) {
    writer.float(ATTRIBUTE.float, attribute.float);
    writer.int(ATTRIBUTE.type, ATTRIBUTE_TYPE.float);
  } else if ('int' in attribute) {
    writer.int(ATTRIBUTE.int, attribute.int);
    writer.int(ATTRIBUTE.type, ATTRIBUTE_TYPE.int);
  } else if ('ints' in attribute) {
    for (const value of attribute.ints) writer.int(ATTRIBUTE.ints, value);
    writer.int(ATTRIBUTE.type, ATTRIBUTE_TYPE.ints);
  } else {
    writer.string(ATTRIBUTE.string, attribute.string);
    writer.int(ATTRIBUTE.type, ATTRIBUTE_TYPE.string);
  }
}

function encodeInitializer(writer: ProtoWriter, item: OnnxInitializer): void {
  const { type, dims } = 'tensor' in item ? item.tensor : item;
  for (const dim of dims) writer.int(TENSOR.dims, dim);
  writer.int(TENSOR.dataType, DATA_TYPES[type]);
  writer.string(TENSOR.name, item.name);
  if ('tensor' in item) {
    const { data } = item.tensor;
    writer.bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return;
  }
  const entries = { location: item.location, offset: String(item.offset), length: String(item.length) };
  for (const [key, value] of Object.entries(entries)) {
    writer.message(TENSOR.externalData, (nested) => {
      nested.string(ENTRY.key, key);
      nested.string(ENTRY.value, value);
    });
  }
  writer.int(TENSOR.dataLocation, EXTERNAL);
}

function encodePort(writer: ProtoWriter, port: OnnxPort): void {
  writer.string(VALUE_INFO.name, port.name);
  writer.message(VALUE_INFO.type, (type) =>
    type.message(TYPE.tensor, (tensor) => {
      tensor.int(TENSOR_TYPE.elementType, DATA_TYPES[port.type]);
      const { dims } = port;
      if (!dims) return;
      tensor.message(TENSOR_TYPE.shape, (shape) => {
        for (const dim of dims) {
          shape.message(SHAPE.dim, (nested) =>
            typeof dim === 'number' ? nested.int(DIMENSION.value, dim) : nested.string(DIMENSION.param, dim),
          );
        }
      });
    }),
  );
}
