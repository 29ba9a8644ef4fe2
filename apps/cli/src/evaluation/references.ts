import { DomainError } from '@housestyle/domain';
import type { CaptionedPicture } from '@housestyle/evaluation';
import type { ImageId } from '../datasets/image-id.js';
import { ofSplits } from '../datasets/of-splits.js';
import { openDataset, type DatasetFormat } from '../datasets/open-dataset.js';

interface Reference {
  readonly captions: readonly string[];
  readonly domain?: string | undefined;
}

/** A picture with what people wrote and what a model did. */
export interface ReferencedPicture {
  readonly imageId: ImageId;
  readonly picture: CaptionedPicture;
  /** nocaps': in-domain, near-domain or out-domain. */
  readonly domain?: string | undefined;
}

/** What people wrote, by picture. */
export class References {
  private constructor(
    private readonly pictures: ReadonlyMap<ImageId, Reference>,
    private readonly nameOf: ReadonlyMap<ImageId, ImageId>,
  ) {}

  /**
   * @param splits of a Karpathy file
   * @throws DomainError `not_found` | `invalid_request`, naming the file and what is wrong in it
   */
  static async read(
    path: string,
    splits?: readonly string[],
    fallback: readonly string[] = ['test'],
  ): Promise<References> {
    const dataset = ofSplits(path, await openDataset(path, FORMATS), splits, fallback);
    const pictures = new Map<ImageId, Reference>();
    const nameOf = new Map<ImageId, ImageId>();
    for await (const { id, aliases, captions, domain } of dataset.pictures()) {
      pictures.set(id, { captions, domain });
      for (const alias of aliases) nameOf.set(alias, id);
    }
    return new References(pictures, nameOf);
  }

  /** pictures. */
  get size(): number {
    return this.pictures.size;
  }

  all(): Iterable<readonly string[]> {
    return [...this.pictures.values()].map(({ captions }) => captions).filter(({ length }) => length > 0);
  }

  /**
   * The pictures that a results file has captions of, in this file's order.
   * @throws DomainError when one has no references here, or is captioned under two names
   */
  join(results: ReadonlyMap<ImageId, string>): ReferencedPicture[] {
    const hypotheses = new Map<ImageId, string>();
    const strangers: ImageId[] = [];
    for (const [name, caption] of results) {
      const id = this.pictures.has(name) ? name : this.nameOf.get(name);
      if (id === undefined || this.pictures.get(id)!.captions.length === 0) strangers.push(name);
      else if (hypotheses.has(id)) {
        throw new DomainError('invalid_request', `image_id ${name} has two captions; keep one`);
      } else hypotheses.set(id, caption);
    }
    if (strangers.length > 0) {
      const some = strangers.slice(0, 3).join(', ');
      const message = `${strangers.length} of ${results.size} pictures have no references (image_id ${some}${strangers.length > 3 ? ', …' : ''}); leave them out, or give their references`;
      throw new DomainError('invalid_request', message);
    }
    return [...this.pictures].flatMap(([imageId, { captions, domain }]) => {
      const hypothesis = hypotheses.get(imageId);
      return hypothesis === undefined ? [] : [{ imageId, picture: { hypothesis, references: captions }, domain }];
    });
  }
}

const FORMATS: readonly DatasetFormat[] = ['coco', 'karpathy', 'conceptual', 'flickr30k'];
