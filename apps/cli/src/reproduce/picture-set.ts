import { basename } from 'node:path';
import type { Features } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';

/** A picture's embedding and what people wrote of it. */
export interface ReferencedEmbedding {
  readonly embedding: Float32Array;
  readonly references: readonly string[];
  readonly domain?: string | undefined;
}

/** Features by picture, in the rows' order. @param domains of files, by their names without folders */
export function picturesOf(
  { embeddings, captions }: Features,
  domains: ReadonlyMap<string, string> = new Map(),
): ReferencedEmbedding[] {
  const references = new Map<number, { texts: string[]; domain: string | undefined }>();
  for (const { row, caption, file } of captions) {
    const known = references.get(row);
    if (known) known.texts.push(caption);
    else
      references.set(row, { texts: [caption], domain: file === undefined ? undefined : domains.get(basename(file)) });
  }
  return [...references]
    .sort(([a], [b]) => a - b)
    .map(([row, { texts, domain }]) => ({ embedding: embeddings[row]!, references: texts, domain }));
}

/** At most `most` of them, evenly out of all. */
export function evenly<T>(all: readonly T[], most: number): T[] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, n) => all[Math.floor((n * all.length) / count)]!);
}

/** Each with its first `most` references. */
export const withReferences = (pictures: readonly ReferencedEmbedding[], most: number): ReferencedEmbedding[] =>
  pictures.map((picture) => ({ ...picture, references: picture.references.slice(0, most) }));

/** How many references every one of them has. */
export const leastReferences = (pictures: readonly ReferencedEmbedding[]): number =>
  Math.min(...pictures.map(({ references }) => references.length));

/** nocaps' own file, `{"images": [{"file_name", "domain"}, …]}`: the domain of each picture. */
export function parseDomains(path: string, text: string): ReadonlyMap<string, string> {
  try {
    const { images } = JSON.parse(text) as { images: { file_name: string; domain: string }[] };
    return new Map(images.map(({ file_name: file, domain }) => [basename(file), domain]));
  } catch (cause) {
    throw new DomainError('invalid_request', `${path}: expected nocaps' {"images": [{"file_name", "domain"}]}`, {
      cause,
    });
  }
}
