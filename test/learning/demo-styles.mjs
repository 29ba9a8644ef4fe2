/* global AbortController */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openBaseModel, readBaseReplay, SafetensorsFile } from '@housestyle/checkpoints';
import { meanEditDistance } from '@housestyle/evaluation';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { createAdapt, divideReplay } from '@housestyle/training';

/** The demo base, its 400 adaptation pictures and the styles they are told in, as the trainer would see them. */
export const STYLES = ['museum', 'shop', 'alt', 'children', 'bard', 'registrar'];
export const TEST_FROM = 300;
const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const BASE = path.join(import.meta.dirname, '../../models/demo');

export const embeddings = rows(path.join(FIXTURES, 'adapt.safetensors'));
export const scenes = jsonLines('scenes.jsonl');
export const textsOf = (style) => jsonLines(`${style}.jsonl`);

/**
 * Mean edit distance to the test texts of what the base says of their pictures, told in the style. Where the style chooses
 * at random between endings, it is the mean of all: which one a picture's own text has, no caption tells.
 */
export function floorOf(style) {
  const distances = textsOf(style)
    .slice(TEST_FROM)
    .map(({ text, floors }) => meanEditDistance(floors.map((floor) => [floor, text])));
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}

export async function demoAdapt() {
  const base = await openBaseModel(BASE);
  const runner = new OnnxGraphRunner({ threads: 1 });
  return { base, runner, adapt: createAdapt({ base, runner, replay: await readBaseReplay(BASE) }) };
}

/** Pictures that nobody was trained on, to measure content by: the base slice and 4,000 more. */
export async function contentPictures() {
  const { slice } = divideReplay(await readBaseReplay(BASE));
  const more = rows(path.join(FIXTURES, 'content.safetensors'));
  return [...slice, ...jsonLines('content.jsonl').map((told, n) => ({ ...told, embedding: more[n] }))];
}

/** `count` reviewed captions of a style, the newest fifth held out from 50 on. */
export function inputOf(texts, count, seed = 1) {
  const examples = texts.slice(0, count).map((text, n) => ({
    id: `caption-${n}`,
    embedding: embeddings[n],
    text,
    isCorrected: true,
    reviewedAt: new Date(2026, 0, 1, 0, n),
    imageKey: `picture-${n}`,
  }));
  const held = count < 50 ? 0 : Math.ceil(count / 5);
  const [training, holdOut] = [examples.slice(0, count - held), examples.slice(count - held)];
  return { training, holdOut, mayStartFromChampion: true, seed };
}

/** A run that nobody watches. */
export const unwatched = () => ({
  onProgress: () => undefined,
  signal: new AbortController().signal,
  checkpoint: { load: async () => undefined, save: async () => undefined },
});

function rows(file) {
  const { data, dims } = SafetensorsFile.open(file).tensor('image_embeds');
  return Array.from({ length: dims[0] }, (_, n) => data.slice(n * dims[1], (n + 1) * dims[1]));
}

function jsonLines(name) {
  const lines = readFileSync(path.join(FIXTURES, name), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}
