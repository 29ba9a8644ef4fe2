import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readMapperFiles, SafetensorsFile } from '@housestyle/checkpoints';
import {
  CaptionEngine,
  Gpt2Tokenizer,
  WORD_TABLE,
  type CaptionItem,
  type Interpretation,
  type MapperHandle,
} from '@housestyle/clipcap';
import { MemoryWeights } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxError, recordParity } from './record-parity.js';
import {
  demoBase,
  GOLDENS_FOLDER,
  MAPPER_FOLDERS,
  MAPPER_KINDS,
  NUM_PICTURES,
  referencePictures,
  referenceRow,
  type MapperKind,
} from './reference.js';

interface ReferenceReading {
  readonly norms: readonly number[];
  readonly ids: readonly (readonly number[])[];
  readonly cosines: readonly (readonly number[])[];
}

interface ReferenceReadings extends Record<MapperKind | `${MapperKind}WithDelta`, readonly ReferenceReading[]> {
  readonly topK: number;
  readonly deltaScale: number;
}

const golden = JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'interpretation.json'), 'utf8')) as ReferenceReadings;
let engine: CaptionEngine;
let tokenizer: Gpt2Tokenizer;
const mappers = {} as Record<MapperKind | `${MapperKind}WithDelta`, MapperHandle>;

beforeAll(async () => {
  const base = await demoBase();
  tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }));
  const decoderDelta = wordDelta(golden.deltaScale);
  for (const kind of MAPPER_KINDS) {
    const files = await readMapperFiles(MAPPER_FOLDERS[kind]);
    mappers[kind] = kind === 'mlp' ? engine.baseMapper : await engine.loadMapper(files, kind);
    mappers[`${kind}WithDelta`] = await engine.loadMapper({ ...files, decoderDelta }, `${kind} with delta`);
  }
});

afterAll(() => engine.release());

const itemsOf = (mapper: MapperHandle): CaptionItem[] =>
  Array.from({ length: NUM_PICTURES }, (_, n) => ({
    input: { embedding: referenceRow('image_embeds', n).slice() },
    mapper,
  }));

describe.each([...MAPPER_KINDS, 'mlpWithDelta', 'transformerWithDelta'] as const)('what prefixes of %s say', (kind) => {
  it('is the reference’s words, with its cosines and lengths', async () => {
    const found = await engine.interpret(itemsOf(mappers[kind]), golden.topK);
    found.forEach(({ mapperId, positions }, n) => {
      const { ids, cosines, norms } = golden[kind][n]!;
      expect(mapperId).toBe(mappers[kind].id);
      expect(positions.map(({ words }) => words.map(({ tokenId }) => tokenId))).toEqual(ids);
      for (const { text, tokenId } of positions.flatMap(({ words }) => words)) {
        expect(text).toBe(tokenizer.decode([tokenId]));
      }
      const own = positions.flatMap(({ words }) => words.map(({ cosine }) => cosine));
      recordParity(`cosines ${kind} ${n}, max`, maxError(own, cosines.flat()), 1e-5);
      const lengths = positions.map(({ norm }, i) => norm / norms[i]!);
      expect(Math.max(...lengths.map((ratio) => Math.abs(ratio - 1)))).toBeLessThan(1e-4);
    });
  });
});

describe('one call', () => {
  it('says each picture in the words of its own mapper version, in any company', async () => {
    const mixed = Object.values(mappers).flatMap(itemsOf).reverse();
    const alone: Interpretation[] = [];
    for (const item of mixed) alone.push(...(await engine.interpret([item], 3)));
    const together = await engine.interpret(mixed, 3);
    const idsOf = ({ positions }: Interpretation) => positions.map(({ words }) => words.map((w) => w.tokenId));
    expect(together.map(idsOf)).toEqual(alone.map(idsOf));
  });

  it('takes pictures as well as embeddings', async () => {
    const items = referencePictures().map((pixels) => ({ input: { pixels } }));
    const found = await engine.interpret(items, 1);
    expect(found.map(({ positions }) => positions.map(({ words }) => words[0]!.tokenId))).toEqual(
      golden.mlp.map(({ ids }) => ids.map(([first]) => first)),
    );
  });

  it.each([0, 51, 1.5])('refuses %s words a position', async (topK) => {
    await expect(engine.interpret([], topK)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

function wordDelta(scale: number): MemoryWeights {
  const file = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'word-training.safetensors'));
  const a = file.read(`start.${WORD_TABLE}.A`)!;
  const b = file.read(`grad.${WORD_TABLE}.B`)!.map((value) => value * scale);
  const rank = b.length / 96;
  return new MemoryWeights(
    'word delta',
    new Map([
      [`${WORD_TABLE}.A`, { type: 'float32', data: a, dims: [a.length / rank, rank] }],
      [`${WORD_TABLE}.B`, { type: 'float32', data: b, dims: [rank, 96] }],
    ]),
  );
}
