/**
 * Writes references.jsonl: what people say of the last hundred pictures of the demo's adaptation scenes, in Russian.
 *
 *   node test/learning/russian/make-references.mjs CAPTIONS.json
 *
 * CAPTIONS.json is the demo world's, in COCO's format, five captions a picture.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toRussian } from './translate.mjs';

const { images, annotations } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const lines = images
  .filter(({ split }) => split === 'adapt-test')
  .map(({ id }) => {
    const captions = annotations.filter(({ image_id }) => image_id === id).map(({ caption }) => toRussian(caption));
    return `${JSON.stringify([...new Set(captions)])}\n`;
  });
writeFileSync(path.join(import.meta.dirname, 'references.jsonl'), lines.join(''));
