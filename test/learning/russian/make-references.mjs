/**
 * Writes what people say of the demo's adaptation scenes in Russian: references.jsonl, of the last hundred pictures, and
 * newspaper.jsonl, of the first, as a newspaper's editors put it.
 *
 *   node test/learning/russian/make-references.mjs CAPTIONS.json
 *
 * CAPTIONS.json is the demo world's, in COCO's format, five captions a picture.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toRussian } from './translate.mjs';

const NEWSPAPER = 150;
const { images, annotations } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const captionsOf = ({ id }) =>
  annotations.filter(({ image_id }) => image_id === id).map(({ caption }) => toRussian(caption));
const write = (name, rows) =>
  writeFileSync(path.join(import.meta.dirname, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

write(
  'references.jsonl',
  images.filter(({ split }) => split === 'adapt-test').map((image) => [...new Set(captionsOf(image))]),
);
const reviewed = images.filter(({ split }) => split === 'adapt-train').slice(0, NEWSPAPER);
write(
  'newspaper.jsonl',
  reviewed.map((image) => {
    const [caption] = captionsOf(image);
    return `На снимке: ${caption[0].toLowerCase()}${caption.slice(1)}`;
  }),
);
