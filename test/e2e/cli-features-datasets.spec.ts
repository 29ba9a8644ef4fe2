import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFeatures, type Features } from '@housestyle/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cocoJson,
  cocoPictures,
  flickrTable,
  flickrToken,
  karpathyJson,
  layOut,
  saveText,
  type DressedPicture,
} from '../support/dataset-layouts.js';
import { housestyle } from '../support/housestyle.js';

const coco = cocoPictures(8);
const flickr: DressedPicture[] = coco.map((picture, n) => ({ ...picture, file: `${1_000_092_795 + n}.jpg` }));
let folder: string;
/** of every picture, by a way that has tests of its own. */
let embeddings: readonly Float32Array[];
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-datasets-'));
  await layOut(
    at('coco'),
    coco.map(({ file }) => file),
  );
  await layOut(
    at('flickr30k-images'),
    flickr.map(({ file }) => file),
  );
  const lines = flickr.map(({ file, captions }) => JSON.stringify({ file, caption: captions[0] }));
  await writeFile(at('own-captions.jsonl'), lines.join('\n'));
  expect(await features('folder', 'own-captions.jsonl', 'flickr30k-images', 'own')).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  embeddings = (await readFeatures(at('own.safetensors'))).embeddings;
});
afterAll(() => rm(folder, { recursive: true }));

const features = (source: string, captions: string, images: string, out: string, ...more: string[]) =>
  housestyle([
    ...['features', source, '--captions', at(captions), '--images', at(images)],
    ...['--out', at(`${out}.safetensors`), ...more],
  ]);

/** Whether the features are of these pictures, in this order, each with its own captions and embedding. */
function expectFeatures(made: Features, pictures: readonly DressedPicture[], all: readonly DressedPicture[]): void {
  expect(made.captions).toEqual(
    pictures.flatMap(({ file, captions }, row) => captions.map((caption) => ({ file, row, caption }))),
  );
  expect(made.embeddings).toEqual(pictures.map((picture) => embeddings[all.indexOf(picture)]));
}

describe('housestyle features coco', () => {
  it('encodes Karpathy’s splits: what is trained on, or what is asked for', async () => {
    await saveText(folder, 'dataset_coco.json', karpathyJson(coco, 'coco'));
    const { exitCode, stdout, stderr } = await features('coco', 'dataset_coco.json', 'coco', 'karpathy');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('4 pictures, 8 captions, 128 values a picture');
    const trained = coco.filter(({ split }) => split === 'train' || split === 'restval');
    expectFeatures(await readFeatures(at('karpathy.safetensors')), trained, coco);

    await features('coco', 'dataset_coco.json', 'coco', 'karpathy-test', '--split', 'test,val');
    const judged = coco.filter(({ split }) => split === 'test' || split === 'val');
    expectFeatures(await readFeatures(at('karpathy-test.safetensors')), judged, coco);

    const wrong = await features('coco', 'dataset_coco.json', 'coco', 'karpathy-test', '--split', 'tset');
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/invalid_request: .*no split tset; there are train, restval, val, test/),
    ]);
  });

  it('encodes COCO’s own file, of pictures beside each other or a folder up', async () => {
    const even = coco.filter((_, n) => n % 2 === 0);
    await saveText(folder, 'captions_train2014.json', cocoJson(even));
    for (const images of ['coco/train2014', 'coco']) {
      const { exitCode, stderr } = await features('coco', 'captions_train2014.json', images, 'own-coco');
      expect([exitCode, stderr]).toEqual([0, '']);
      const named = even.map((picture) => ({ ...picture, file: picture.file.slice('train2014/'.length) }));
      const all = coco.map((picture) => named.find(({ id }) => id === picture.id) ?? picture);
      expectFeatures(await readFeatures(at('own-coco.safetensors')), named, all);
    }
  });

  it('encodes the official code’s list', async () => {
    const list = coco.flatMap(({ id, captions }) =>
      captions.map((caption, n) => ({ image_id: `${id}`, id: n, caption })),
    );
    await saveText(folder, 'train_caption.json', JSON.stringify(list));
    const { exitCode, stderr } = await features('coco', 'train_caption.json', 'coco', 'list');
    expect([exitCode, stderr]).toEqual([0, '']);
    const named = coco.map((picture) => ({ ...picture, file: picture.file.replaceAll('val2014', 'train2014') }));
    expectFeatures(await readFeatures(at('list.safetensors')), named, named);
  });
});

describe('housestyle features flickr30k', () => {
  it.each([
    ['results_20130124.token', flickrToken(flickr), flickr],
    ['results.csv', flickrTable(flickr), flickr],
    ['dataset_flickr30k.json', karpathyJson(flickr, 'flickr30k'), flickr.filter((_, n) => n % 4 < 2)],
  ])('encodes %s', async (name, text, pictures) => {
    await saveText(folder, name, text);
    const { exitCode, stderr } = await features('flickr30k', name, 'flickr30k-images', 'flickr');
    expect([exitCode, stderr]).toEqual([0, '']);
    expectFeatures(await readFeatures(at('flickr.safetensors')), pictures, flickr);
  });

  it('lists pictures that are not there', async () => {
    const lines = `${flickrToken(flickr.slice(0, 2))}gone.jpg#0\tA picture that is not there .\n`;
    await saveText(folder, 'gone.token', lines);
    const { exitCode, stderr } = await features('flickr30k', 'gone.token', 'flickr30k-images', 'gone');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^gone\.jpg: source_not_found: no such file$/m);
    expect(stderr).toContain(`left out 1 picture that could not be read: ${at('gone.failures.jsonl')}`);
    const listed = JSON.parse(await readFile(at('gone.failures.jsonl'), 'utf8')) as object;
    expect(listed).toEqual({ file: 'gone.jpg', error: { code: 'source_not_found', message: 'no such file' } });
    expect((await readFeatures(at('gone.safetensors'))).embeddings).toHaveLength(2);
  });

  it('names the line that is malformed', async () => {
    await saveText(folder, 'torn.token', `${flickrToken(flickr.slice(0, 1))}1000092796.jpg#0 no tab`);
    const torn = await features('flickr30k', 'torn.token', 'flickr30k-images', 'torn');
    expect([torn.exitCode, torn.stdout]).toEqual([1, '']);
    expect(torn.stderr).toMatch(/invalid_request: .*torn\.token: line 3: expected name#number, a tab, the caption/);
    const other = await features('flickr30k', 'captions_train2014.json', 'flickr30k-images', 'torn');
    expect(other.stderr).toMatch(/expected a Karpathy split.*; this is COCO captions/);
  });
});
