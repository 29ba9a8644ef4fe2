/** The element types the product's graphs use, and the array each one travels in. */
export interface ElementArrays {
  float32: Float32Array;
  /** IEEE half precision, as its bits. */
  float16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int8: Int8Array;
  uint8: Uint8Array;
  /** one byte each, 0 or 1. */
  bool: Uint8Array;
}

export type ElementType = keyof ElementArrays;

/** A dense row-major array with its shape: what goes into and comes out of a graph. */
export type Tensor<T extends ElementType = ElementType> = {
  [K in T]: { readonly type: K; readonly data: ElementArrays[K]; readonly dims: readonly number[] };
}[T];

export const elementCount = (dims: readonly number[]): number => dims.reduce((count, dim) => count * dim, 1);

export function float32(data: Float32Array | readonly number[], dims: readonly number[] = [data.length]) {
  return tensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), dims);
}

export function int64(values: BigInt64Array | readonly number[], dims: readonly number[] = [values.length]) {
  return tensor('int64', values instanceof BigInt64Array ? values : BigInt64Array.from(values, BigInt), dims);
}

export const uint8 = (data: Uint8Array, dims: readonly number[] = [data.length]) => tensor('uint8', data, dims);

/** @throws RangeError when the data does not fill the shape. */
function tensor<T extends ElementType>(type: T, data: ElementArrays[T], dims: readonly number[]) {
  if (data.length !== elementCount(dims))
    throw new RangeError(`${data.length} elements do not fill [${dims.join(', ')}]`);
  return { type, data, dims };
}
