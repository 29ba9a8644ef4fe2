import { readFile } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import type { CaptionedPicture } from '@housestyle/evaluation';

export type ImageId = number | string;

/** A file of COCO captions: what people wrote, by picture. */
export class CocoReferences {
  private constructor(private readonly captions: ReadonlyMap<ImageId, readonly string[]>) {}

  /** @throws DomainError `not_found` | `invalid_request`, naming the file and what is wrong in it */
  static async read(path: string): Promise<CocoReferences> {
    const file = await readJson(path);
    if (!isRecord(file) || !Array.isArray(file.annotations)) {
      throw malformed(path, 'expected COCO captions: {"images": […], "annotations": [{"image_id", "caption"}, …]}');
    }
    const captions = new Map<ImageId, string[]>();
    // pictures in the file's order, as the COCO code scores them
    for (const image of Array.isArray(file.images) ? (file.images as unknown[]) : []) {
      if (isRecord(image) && isImageId(image.id)) captions.set(image.id, []);
    }
    for (const { imageId, caption } of entriesOf(file.annotations, path, 'annotations')) {
      const known = captions.get(imageId);
      if (known) known.push(caption);
      else captions.set(imageId, [caption]);
    }
    return new CocoReferences(captions);
  }

  /** pictures. */
  get size(): number {
    return this.captions.size;
  }

  all(): Iterable<readonly string[]> {
    return [...this.captions.values()].filter(({ length }) => length > 0);
  }

  /**
   * The pictures that a results file has captions of, in this file's order.
   * @throws DomainError when one has no references here
   */
  join(hypotheses: ReadonlyMap<ImageId, string>): { imageId: ImageId; picture: CaptionedPicture }[] {
    const strangers = [...hypotheses.keys()].filter((id) => (this.captions.get(id) ?? []).length === 0);
    if (strangers.length > 0) {
      const some = strangers.slice(0, 3).join(', ');
      const message = `${strangers.length} of ${hypotheses.size} pictures have no references (image_id ${some}${strangers.length > 3 ? ', …' : ''}); leave them out, or give their references`;
      throw new DomainError('invalid_request', message);
    }
    return [...this.captions].flatMap(([imageId, references]) => {
      const hypothesis = hypotheses.get(imageId);
      return hypothesis === undefined ? [] : [{ imageId, picture: { hypothesis, references } }];
    });
  }
}

/**
 * A file of COCO results: `[{"image_id", "caption"}, …]`, one caption a picture.
 * @throws DomainError `not_found` | `invalid_request`
 */
export async function readCocoResults(path: string): Promise<ReadonlyMap<ImageId, string>> {
  const file = await readJson(path);
  if (!Array.isArray(file)) throw malformed(path, 'expected COCO results: [{"image_id", "caption"}, …]');
  const captions = new Map<ImageId, string>();
  for (const { imageId, caption } of entriesOf(file, path, 'results')) {
    if (captions.has(imageId)) throw malformed(path, `image_id ${imageId} has two captions; keep one`);
    captions.set(imageId, caption);
  }
  if (captions.size === 0) throw malformed(path, 'no captions in it');
  return captions;
}

function* entriesOf(
  entries: readonly unknown[],
  path: string,
  name: string,
): Iterable<{ imageId: ImageId; caption: string }> {
  for (const [n, entry] of entries.entries()) {
    if (!isRecord(entry) || !isImageId(entry.image_id) || typeof entry.caption !== 'string') {
      throw malformed(path, `${name}[${n}] is not {"image_id", "caption"}`);
    }
    yield { imageId: entry.image_id, caption: entry.caption };
  }
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new DomainError('not_found', `${path}: cannot be read; give a JSON file`, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw malformed(path, `not JSON: ${(cause as Error).message}`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isImageId = (value: unknown): value is ImageId => typeof value === 'number' || typeof value === 'string';
const malformed = (path: string, message: string): DomainError =>
  new DomainError('invalid_request', `${path}: ${message}`);
