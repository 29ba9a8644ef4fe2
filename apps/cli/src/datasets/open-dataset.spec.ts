import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetPicture } from './dataset-picture.js';
import { ofSplits } from './of-splits.js';
import { openDataset, type DatasetFormat } from './open-dataset.js';

const ALL: DatasetFormat[] = ['coco', 'coco-list', 'karpathy', 'flickr30k', 'conceptual'];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-datasets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(content: unknown, formats = ALL) {
  const path = join(folder, 'dataset');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return openDataset(path, formats);
}

async function read(content: unknown, formats = ALL): Promise<DatasetPicture[]> {
  const pictures: DatasetPicture[] = [];
  for await (const picture of (await open(content, formats)).pictures()) pictures.push(picture);
  return pictures;
}

const KARPATHY = {
  images: [
    {
      filepath: 'val2014',
      sentids: [1, 2],
      filename: 'COCO_val2014_000000391895.jpg',
      imgid: 0,
      split: 'test',
      sentences: [
        { tokens: ['a', 'boat'], raw: 'A boat. ', imgid: 0, sentid: 1 },
        { tokens: ['one', 'boat'], raw: 'One boat', imgid: 0, sentid: 2 },
      ],
      cocoid: 391895,
    },
    { filename: '1000092795.jpg', imgid: 1, split: 'train', sentids: [3], sentences: [{ tokens: [], raw: 'A dog .' }] },
  ],
  dataset: 'coco',
};

describe('a dataset', () => {
  it('is one of Karpathy’s, with splits', async () => {
    expect(await read(KARPATHY)).toEqual([
      {
        id: 391895,
        aliases: ['COCO_val2014_000000391895.jpg'],
        files: ['val2014/COCO_val2014_000000391895.jpg', 'COCO_val2014_000000391895.jpg'],
        captions: ['A boat. ', 'One boat'],
        split: 'test',
      },
      { id: 1, aliases: ['1000092795.jpg'], files: ['1000092795.jpg'], captions: ['A dog .'], split: 'train' },
    ]);
    const dataset = await open(KARPATHY);
    const idsOf = (splits?: string[]) =>
      [...(ofSplits('k.json', dataset, splits, ['train', 'restval']).pictures() as DatasetPicture[])].map(
        ({ id }) => id,
      );
    expect(idsOf()).toEqual([1]);
    expect(idsOf(['test', 'train'])).toEqual([391895, 1]);
    expect(() => idsOf(['tset'])).toThrow('k.json: no split tset; there are test, train');
  });

  it('or COCO’s, in the order of its images, or nocaps, with domains', async () => {
    const file = {
      info: { year: 2014 },
      licenses: [],
      images: [
        { id: 9, file_name: 'COCO_train2014_000000000009.jpg', height: 64, width: 64, license: 3 },
        { id: 0, open_images_id: '0013ea2087020901', file_name: '0013ea2087020901.jpg', domain: 'near-domain' },
      ],
      annotations: [
        { image_id: 0, id: 7, caption: 'A baby.' },
        { image_id: 9, id: 8, caption: 'A boat' },
        { image_id: 9, id: 5, caption: 'Boats.' },
      ],
    };
    expect(await read(file)).toEqual([
      {
        id: 9,
        aliases: ['COCO_train2014_000000000009.jpg'],
        files: ['COCO_train2014_000000000009.jpg', 'train2014/COCO_train2014_000000000009.jpg'],
        captions: ['A boat', 'Boats.'],
      },
      {
        id: 0,
        aliases: ['0013ea2087020901.jpg', '0013ea2087020901'],
        files: ['0013ea2087020901.jpg'],
        captions: ['A baby.'],
        domain: 'near-domain',
      },
    ]);
    const dataset = await open(file);
    expect(() => ofSplits('c.json', dataset, ['test'], [])).toThrow(
      'c.json: only Karpathy’s files have splits'.replace('’', "'"),
    );
  });

  it('or the official code’s list of captions', async () => {
    const list = [
      { image_id: '57870', id: 1, caption: 'A boat' },
      { image_id: 57870, id: 2, caption: 'Boats.' },
    ];
    expect(await read(list)).toEqual([
      {
        id: 57870,
        aliases: [],
        files: ['train2014/COCO_train2014_000000057870.jpg', 'val2014/COCO_val2014_000000057870.jpg'],
        captions: ['A boat', 'Boats.'],
      },
    ]);
  });

  it('or Flickr30k’s, in both its forms, with the row that lacks a bar', async () => {
    const expected = [
      { id: '1000092795.jpg', aliases: [], files: ['1000092795.jpg'], captions: ['Two dogs .', 'Dogs | cats .'] },
      { id: '2199200615.jpg', aliases: [], files: ['2199200615.jpg'], captions: ['A dog runs .'] },
    ];
    const token = '1000092795.jpg#0\tTwo dogs .\n1000092795.jpg#1\tDogs | cats .\r\n2199200615.jpg#4\tA dog runs .';
    expect(await read(token)).toEqual(expected);
    const rows = '1000092795.jpg| 0| Two dogs .\n1000092795.jpg| 1| Dogs | cats .\n2199200615.jpg| 4   A dog runs .\n';
    expect(await read(`image_name| comment_number| comment\n${rows}`)).toEqual(expected);
  });

  it('or Conceptual Captions, by the line, with or without a header', async () => {
    const lines = 'a boat on the sea\thttp://example.org/a b.jpg\n\n" quoted " boat\thttps://example.org/2?x=1\tboat\n';
    const expected = [
      { url: 'http://example.org/a b.jpg', captions: ['a boat on the sea'], id: 0 },
      { url: 'https://example.org/2?x=1', captions: ['" quoted " boat'], id: 1 },
    ];
    expect(await read(lines)).toMatchObject(expected);
    expect(await read(`caption\turl\n${lines}`)).toMatchObject(expected);
    expect((await read(lines))[1]!.aliases).toEqual(['https://example.org/2?x=1', '00000001', '00000001.jpg']);
  });

  it.each([
    ['{"images": [],\n "annotations": [}', 'line 2: not JSON'],
    [{ images: [], info: {} }, 'expected COCO captions: {"images"'],
    [
      { annotations: [{ image_id: 1, caption: 'A' }, { image_id: 2 }] },
      'annotations[1] is not {"image_id", "caption"}',
    ],
    [[{ image_id: 'a', caption: 'A' }], 'image_id a is no COCO number'],
    [{ images: [{ sentences: [{ raw: 'A' }], split: 'train' }] }, 'images[0] has no filename'],
    [{ images: [{ sentences: [], filename: 'a.jpg' }] }, 'images[0] has no split'],
    [{ images: [{ sentences: [{}], filename: 'a.jpg', split: 'val' }] }, 'images[0].sentences[0] has no raw caption'],
    ['a.jpg#0\tA boat .\nb.jpg A dog .', 'line 2: expected name#number, a tab, the caption'],
    ['image_name| comment_number| comment\na.jpg| 0| A .\n\nb.jpg| A .', 'line 4: expected name| number| caption'],
    ['a boat\thttp://example.org/a\na dog\n', 'line 2: no URL'],
    ['a boat\thttp://example.org/a\n \thttp://example.org/b', 'line 2: no caption'],
  ])('%j is refused: %s', async (content, complaint) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(complaint) as string,
    });
  });

  it('of another kind than wanted is named', async () => {
    await expect(read(KARPATHY, ['conceptual'])).rejects.toThrow(
      /expected Conceptual Captions: a caption, a tab, a URL; this is a Karpathy split/,
    );
  });

  it('that is not there is said to be so', async () => {
    await expect(openDataset(join(folder, 'none'), ALL)).rejects.toMatchObject({ code: 'not_found' });
  });
});
