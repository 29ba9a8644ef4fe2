import { readFile } from 'node:fs/promises';
import { decodeImage, resizeForClip } from '@housestyle/imaging';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull } from '../support/full.js';
import { scorePictureBook, type Grammar, type PictureBookScore, type Scene } from './quality/picture-book-score.js';
import { recordParity } from './record-parity.js';
import { demoEngine, generatedCaptions, readImagesJson, testPicturePath, type DemoEngine } from './test-pictures.js';

/**
 * The test pictures are small; enlarged, they are what a camera would send of the same scene, and the caption of the
 * whole picture, decoded as Pillow would, is what shrinking on load is held against. 400 of each kind, whose figures
 * docs/performance.md has: `HOUSESTYLE_FULL=shrink-on-load npx vitest run --project parity test/parity/shrink-on-load.spec.ts`
 */
interface Enlargement {
  readonly format: 'jpeg' | 'webp';
  /** pixels of a side; one more than a multiple of eight is where the eighths of a JPEG fit worst */
  readonly side: number;
  /** at least two and a half times what the model sees */
  readonly decodedSide: number;
  readonly pictures: number;
}

const ENLARGEMENTS: readonly Enlargement[] = isFull('shrink-on-load')
  ? [
      { format: 'jpeg', side: 2048, decodedSide: 227, pictures: 400 },
      { format: 'jpeg', side: 2049, decodedSide: 227, pictures: 400 },
      { format: 'jpeg', side: 800, decodedSide: 160, pictures: 400 },
      { format: 'webp', side: 800, decodedSide: 160, pictures: 400 },
    ]
  : [{ format: 'jpeg', side: 2049, decodedSide: 227, pictures: 48 }];

const grammar = readImagesJson<Grammar>('grammar.json');
const scenes = readImagesJson<Record<string, Scene>>('scenes.json');
let demo: DemoEngine;

beforeAll(async () => {
  demo = await demoEngine();
});

afterAll(async () => {
  await demo.engine.releaseMapper(demo.mappers.transformer);
  await demo.engine.release();
});

describe.each(ENLARGEMENTS)('$pictures pictures of $side² as $format', ({ format, side, decodedSide, pictures }) => {
  it('are captioned nearly as often as they are when decoded whole', { timeout: 1_200_000 }, async () => {
    const { imageSize } = demo.engine;
    const files = generatedCaptions('mlp')
      .slice(0, pictures)
      .map(({ file }) => file);
    const [whole, shrunk]: Uint8Array[][] = [[], []];
    for (const file of files) {
      const bytes = await enlarged(await readFile(testPicturePath(file)), format, side);
      const image = await decodeImage(bytes, { shrinkFor: { imageSize } });
      expect([image.width, image.height]).toEqual([decodedSide, decodedSide]);
      shrunk!.push(resizeForClip(image, imageSize));
      whole!.push(resizeForClip(await decodeImage(bytes), imageSize));
    }
    const name = `${pictures} of ${side}² as ${format}`;
    const differences = whole!.map((crop, n) => meanDifference(crop, shrunk![n]!));
    recordParity(`${name}: values of the crop, mean difference`, mean(differences), 0.6);

    const [expected, found] = [await captions(whole!), await captions(shrunk!)];
    const changed = found.filter((text, n) => text !== expected[n]).length;
    recordParity(`${name}: texts changed, share`, changed / pictures, 0.1);
    const score = (texts: readonly string[]): PictureBookScore =>
      scorePictureBook(
        grammar,
        files.map((file, n) => ({ caption: texts[n]!, scene: scenes[`test/${file}`]! })),
      );
    recordParity(
      `${name}: mistakes added, most of any kind, share`,
      mostAdded(score(expected), score(found)),
      Math.max(0.01, 1.5 / pictures),
    );
  });
});

const enlarged = (png: Buffer, format: Enlargement['format'], side: number): Promise<Buffer> =>
  sharp(png)
    .resize({ width: side, height: side, kernel: 'cubic' })
    .toFormat(format, { quality: 90, ...(format === 'webp' && { effort: 0 }) })
    .toBuffer();

async function captions(crops: readonly Uint8Array[]): Promise<string[]> {
  const outputs = await demo.engine.caption(crops.map((pixels) => ({ input: { pixels } })));
  return outputs.map(({ hypotheses }) => hypotheses[0]!.text);
}

function mostAdded(expected: PictureBookScore, found: PictureBookScore): number {
  const keys = Object.keys(expected) as (keyof PictureBookScore)[];
  const added = keys.map((key) => (key === 'inventedObjects' ? -1 : 1) * (expected[key] - found[key]));
  return Math.max(0, ...added);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const meanDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
