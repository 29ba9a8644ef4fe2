import { open, rename, rm } from 'node:fs/promises';
import type { Tensor } from '@housestyle/graph';
import { LENGTH_BYTES, type Dtype } from './safetensors-header.js';

/** A `.safetensors` file's bytes: tensors in order of name, the header padded so that data begins at a multiple of 8. */
export function encodeSafetensors(tensors: WritableTensors, metadata?: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(partsOf(tensors, metadata));
}

/** Writes the same bytes to `file`, all of them or none, without holding them twice; what was there before is gone. */
export async function writeSafetensors(
  file: string,
  tensors: WritableTensors,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const unfinished = `${file}.part`;
  const handle = await open(unfinished, 'w');
  try {
    for (const part of partsOf(tensors, metadata)) await handle.writeFile(part);
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
function partsOf(tensors: WritableTensors, metadata?: Readonly<Record<string, string>>): Buffer[] {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const data: Buffer[] = [];
  let begin = 0;
  for (const name of [...tensors.keys()].sort()) {
    const { type, dims, data: values } = tensors.get(name)!;
    const end = begin + values.byteLength;
    header[name] = { dtype: DTYPES[type], shape: dims, data_offsets: [begin, end] };
    data.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...data];
}

type WritableTensors = ReadonlyMap<string, Tensor<WritableType>>;
export type WritableType = keyof typeof DTYPES;

const DTYPES = { float32: 'F32', float16: 'F16', int64: 'I64', uint8: 'U8' } as const satisfies Record<string, Dtype>;
