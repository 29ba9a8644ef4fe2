import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeSafetensors, readMapperFiles, SafetensorsFile } from '@housestyle/checkpoints';
import { Mapper, type MapperFiles } from '@housestyle/clipcap';
import { requireWeight, type Tensor } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { maxError, recordParity } from './record-parity.js';
import { MAPPER_FOLDERS, NUM_PICTURES, referenceRow } from './reference.js';

/** Half-precision weights are widened and travel inside the graph: another road than fp32's, to the same prefixes. */
describe('a mapper stored in half precision', () => {
  let folder: string;
  let original: MapperFiles;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'half-precision-'));
    original = await readMapperFiles(MAPPER_FOLDERS.mlp);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('gives exactly the prefixes of the same values stored as fp32', async () => {
    const single = await prefixesOf('single', (data, dims) => ({ type: 'float32', data, dims }));
    const half = await prefixesOf('half', (data, dims) => ({
      type: 'float16',
      data: Uint16Array.from(data, bitsOf),
      dims,
    }));
    recordParity('prefixes, float16 file against float32 file, max', maxError(half, single), 0);
  });

  async function prefixesOf(
    name: string,
    encode: (data: Float32Array, dims: readonly number[]) => Tensor<'float32' | 'float16'>,
  ): Promise<Float32Array> {
    const file = path.join(folder, `${name}.safetensors`);
    const tensors = original.weights.names().map((tensor) => {
      const rounded = original.weights.read(tensor)!.map(toMultiple);
      return [tensor, encode(rounded, requireWeight(original.weights, tensor).dims)] as const;
    });
    await writeFile(file, encodeSafetensors(new Map(tensors)));
    const weights = SafetensorsFile.open(file);
    const base = { embeddingWidth: 128, decoderWidth: 96 };
    const mapper = await Mapper.load({ config: original.config, weights }, base, new OnnxGraphRunner({ threads: 1 }));
    const embeddings = Array.from({ length: NUM_PICTURES }, (_, n) => referenceRow('image_embeds', n));
    const prefixes = await mapper.map(embeddings);
    await mapper.release();
    return Float32Array.from(prefixes.flatMap((prefix) => [...prefix]));
  }
});

/** To what both precisions hold: multiples of 1/1024 below 1. */
const toMultiple = (value: number): number => Math.max(-1023, Math.min(1023, Math.round(value * 1024))) / 1024;

/** Half-precision bits of such a multiple. */
function bitsOf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}
