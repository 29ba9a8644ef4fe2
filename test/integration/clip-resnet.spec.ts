import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { embeddingFromBytes } from '@housestyle/contracts/captioner';
import { LandingRepository } from '@housestyle/database';
import { decodeImage, resizeForClip } from '@housestyle/imaging';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClipVariant } from '../parity/clip-variants.js';
import { relativeError } from '../parity/record-parity.js';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { housestyle } from '../support/housestyle.js';
import { startPipeline } from '../support/pipeline.js';
import { createTestDatabase } from '../support/postgres.js';
import { writeMapper, writeResNetBase } from '../support/resnet-base.js';
import { waitFor } from '../support/wait-for.js';

interface Line {
  readonly caption: string;
  readonly score: number;
  readonly alternatives: readonly { readonly caption: string; readonly score: number; readonly tokens: number[] }[];
  readonly embedding: number[];
}

const BASE = 'coco-transformer';
const SIDE = 288;
const SAMPLE = resolve('samples/samples-00000.png');

describe('a base in the shape of the official COCO transformer', () => {
  let folder: string;
  let base: string;
  let clip: ClipVariant;
  /** the reference's pictures, of the model's size, and one that is not. */
  let files: string[];
  let captioner: RunningCaptioner;
  /** what the terminal says of the files. */
  let lines: Line[];

  const caption = async (...args: string[]): Promise<Line[]> => {
    const outcome = await housestyle(['caption', '--json', '--embedding', '--model', base, ...args]);
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, '']);
    return outcome.jsonLines<Line>();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-resnet-'));
    base = join(folder, BASE);
    clip = await writeResNetBase(base);
    const pictures = clip.pictures.map(async (rgb, n) => {
      const file = join(folder, `${n}.png`);
      await sharp(rgb, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(file);
      return file;
    });
    files = [...(await Promise.all(pictures)), SAMPLE];
    captioner = await startCaptioner({ MODEL_DIRECTORIES: base });
    lines = await caption(...files);
  });
  afterAll(async () => {
    await captioner.close();
    await rm(folder, { recursive: true });
  });

  it('captions from a terminal, with the reference’s embeddings', () => {
    clip.imageEmbeds.forEach((expected, n) => expect(relativeError(lines[n]!.embedding, expected)).toBeLessThan(1e-5));
    expect(new Set(lines.map(({ score }) => score)).size).toBe(files.length);
    for (const { alternatives, embedding } of lines) {
      expect(embedding).toHaveLength(640);
      expect(alternatives).toHaveLength(5);
      expect(alternatives.every(({ score, tokens }) => score < 0 && tokens.length > 0)).toBe(true);
    }
  });

  it('normalises embeddings where the mapper says so, and only there', async () => {
    const raw = join(folder, 'raw');
    await writeMapper(raw, { isNormalized: false });
    const [other] = await caption('--mapper', raw, files[0]!);
    expect(other!.embedding).toEqual(lines[0]!.embedding); // as CLIP gives it
    expect(other!.score).not.toBeCloseTo(lines[0]!.score, 4);
  });

  it('is served: 32 pictures of 288 × 288 in one call, each with its own caption', async () => {
    const { baseModels } = await captioner.client.listBaseModels();
    expect(baseModels).toEqual([expect.objectContaining({ name: BASE, imageSize: SIDE, embeddingSize: 640 })]);
    const sample = resizeForClip(await decodeImage(await readFile(SAMPLE)), SIDE);
    const pictures = [...clip.pictures, sample];
    const items = Array.from({ length: 32 }, (_, n) => ({ id: `${n}`, pixels: { rgb: pictures[n % 3]! } }));
    const { results } = await captioner.client.caption({ baseModel: BASE, items }, { deadlineMs: 120_000 });
    results.forEach(({ id, status, hypotheses, embedding }, n) => {
      const expected = lines[n % 3]!;
      expect([id, status.code]).toEqual([`${n}`, 'ok']);
      expect(hypotheses.map(({ tokens }) => tokens)).toEqual(expected.alternatives.map(({ tokens }) => tokens));
      expect(relativeError(embeddingFromBytes(embedding!.values), expected.embedding)).toBeLessThan(1e-6);
    });
  });

  it('sees its pictures at its own size behind the pipeline', async () => {
    const database = await createTestDatabase();
    const pipeline = await startPipeline(database, {
      CAPTIONER_ADDRESS: captioner.address,
      UPLOAD_STORE: join(folder, 'uploads'),
      FILE_ROOTS: `${resolve('samples')},${folder}`,
    });
    try {
      const tenantId = await database.provision({ baseModel: BASE });
      const uploads = files.map((file, n) => {
        return { tenantId, assetId: `${n}`, version: '1', uri: pathToFileURL(file).href };
      });
      await new LandingRepository(database.database).land(uploads);
      const stored = () =>
        database.query(
          `SELECT asset_id, values, text FROM asset a JOIN embedding e ON e.asset_row_id = a.id
             JOIN suggestion s ON s.asset_row_id = a.id WHERE status = 'captioned' ORDER BY asset_id`,
        );
      await waitFor('three captions', async () => (await stored()).length === files.length, { timeoutMs: 60_000 });
      const rows = await stored();
      rows.forEach((row, n) => {
        expect(row['text']).toBe(lines[n]!.caption);
        const embedding = embeddingFromBytes(row['values'] as Uint8Array);
        expect(relativeError(embedding, lines[n]!.embedding)).toBeLessThan(1e-6);
      });
    } finally {
      await pipeline.app.stop();
      await database.drop();
    }
  });
});
