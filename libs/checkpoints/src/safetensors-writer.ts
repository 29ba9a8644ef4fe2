import { open, rename, rm } from 'node:fs/promises';
import type { Tensor } from '@housestyle/graph';
import { LENGTH_BYTES, type Dtype } from './safetensors-header.js';

/** A tensor whose bytes come piece by piece, so that it never has to be in memory. */
export interface SafetensorsTensor {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly byteLength: number;
  /** its bytes, row-major, little-endian; a piece may be overwritten by the next. */
  pieces(): Iterable<Uint8Array>;
}

export type WritableTensors = ReadonlyMap<string, Tensor<WritableType> | SafetensorsTensor>;

/** A `.safetensors` file's bytes: tensors in order of name, the header padded so that data begins at a multiple of 8. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor<WritableType>>,
  metadata?: Readonly<Record<string, string>>,
): Buffer {
  return Buffer.concat([...partsOf(tensors, metadata)]);
}

/**
 * Writes the same bytes to `file`, all of them or none, without holding them twice; what was there before is gone.
 * @param onBytes told after each piece how many bytes it had
 */
export async function writeSafetensors(
  file: string,
  tensors: WritableTensors,
  metadata?: Readonly<Record<string, string>>,
  onBytes: (count: number) => void = () => {},
): Promise<void> {
  const unfinished = `${file}.part`;
  const handle = await open(unfinished, 'w');
  try {
    for (const part of partsOf(tensors, metadata)) {
      await handle.writeFile(part);
      onBytes(part.length);
    }
    await handle.sync();
  } catch (cause) {
    await handle.close();
    await rm(unfinished, { force: true });
    throw cause;
  }
  await handle.close();
  await rename(unfinished, file);
}

/** The header, then each tensor's own bytes, not copied. */
function* partsOf(tensors: WritableTensors, metadata?: Readonly<Record<string, string>>): Generator<Uint8Array> {
  const header: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  const inOrder = [...tensors.keys()].sort().map((name) => [name, streamed(tensors.get(name)!)] as const);
  let begin = 0;
  for (const [name, { dtype, dims, byteLength }] of inOrder) {
    const end = begin + byteLength;
    header.push([name, { dtype, shape: dims, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(padded.length));
  yield length;
  yield padded;
  for (const [name, tensor] of inOrder) {
    let written = 0;
    for (const piece of tensor.pieces()) {
      written += piece.length;
      yield piece;
    }
    if (written !== tensor.byteLength) throw new RangeError(`${name} has ${written} bytes, not ${tensor.byteLength}`);
  }
}

function streamed(tensor: Tensor<WritableType> | SafetensorsTensor): SafetensorsTensor {
  if (!('data' in tensor)) return tensor;
  const { type, dims, data } = tensor;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return { dtype: DTYPES[type], dims, byteLength: bytes.length, pieces: () => [bytes] };
}

export type WritableType = keyof typeof DTYPES;

const DTYPES = { float32: 'F32', float16: 'F16', int64: 'I64', uint8: 'U8' } as const satisfies Record<string, Dtype>;
