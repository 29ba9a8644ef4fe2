import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { openBaseModel, readMapperFiles } from '@housestyle/checkpoints';
import { CaptionEngine, type MapperHandle } from '@housestyle/clipcap';
import { decodeImage, resizeForClip } from '@housestyle/imaging';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { DEMO_MODEL, GOLDENS_FOLDER, MAPPER_FOLDERS, type MapperKind } from './reference.js';

/** The base's 1,000 test pictures: drawn from seeds it was never trained on. */
const FOLDER = path.join(GOLDENS_FOLDER, 'images');
const SAMPLES = path.join(import.meta.dirname, '../../samples');

export interface GeneratedCaption {
  readonly file: string;
  readonly caption: string;
}

/** What the reference implementation wrote under each test picture. */
export const generatedCaptions = (kind: MapperKind): readonly GeneratedCaption[] =>
  readImagesJson<GeneratedCaption[]>(`generated.test.${kind}.json`);

/** Five captions of each test picture, by its file. */
export function referenceCaptions(): ReadonlyMap<string, readonly string[]> {
  const { images, annotations } = readImagesJson<{
    readonly images: readonly { readonly id: number; readonly file_name: string }[];
    readonly annotations: readonly { readonly image_id: number; readonly caption: string }[];
  }>('captions.json');
  const captionsOfId = new Map(images.map(({ id }): [number, string[]] => [id, []]));
  for (const { image_id, caption } of annotations) captionsOfId.get(image_id)!.push(caption);
  return new Map(images.map(({ id, file_name }) => [path.basename(file_name), captionsOfId.get(id)!]));
}

export const readImagesJson = <T>(file: string): T => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as T;

export const testPicturePath = (file: string): string => path.join(FOLDER, 'test', file);

/** The pictures' files as a captioner would see them: decoded, resized, cropped. */
export const testPixels = (files: readonly string[], imageSize: number): Promise<Uint8Array[]> =>
  Promise.all(files.map((file) => pixelsOf(testPicturePath(file), imageSize)));

/** The samples that come with the project, none of them a test picture. */
export async function samplePixels(imageSize: number): Promise<Uint8Array[]> {
  const files = (await readdir(SAMPLES)).filter((name) => name.endsWith('.png')).sort();
  return Promise.all(files.map((name) => pixelsOf(path.join(SAMPLES, name), imageSize)));
}

const pixelsOf = async (file: string, imageSize: number): Promise<Uint8Array> =>
  resizeForClip(await decodeImage(await readFile(file)), imageSize);

export interface DemoEngine {
  readonly engine: CaptionEngine;
  readonly mappers: Readonly<Record<MapperKind, MapperHandle>>;
}

/** The demo base with both its mappers. */
export async function demoEngine(): Promise<DemoEngine> {
  const engine = await CaptionEngine.load(await openBaseModel(DEMO_MODEL), new OnnxGraphRunner({ threads: 1 }));
  const transformer = await engine.loadMapper(await readMapperFiles(MAPPER_FOLDERS.transformer), 'transformer');
  return { engine, mappers: { mlp: engine.baseMapper, transformer } };
}
