import { wordsOf } from './captioned-picture.js';
import { NgramIndex, type NgramCounts } from './ngram-index.js';

/**
 * In how many pictures' references each n-gram occurs: what makes a rare one count for more in CIDEr. Taken from the
 * references that are scored, as the COCO code does, or once from a larger corpus: then scores of small hold-outs
 * compare with each other, and a single picture can be scored at all.
 */
export class DocumentFrequencies {
  private readonly index = new NgramIndex();
  private readonly pictures = new Map<number, number>();
  private readonly logCount: number;

  /** @param references tokenised, a list a picture */
  constructor(references: Iterable<readonly string[]>) {
    let count = 0;
    for (const captions of references) {
      count++;
      const present = new Set<number>();
      for (const caption of captions)
        for (const counts of this.count(caption)) for (const gram of counts.keys()) present.add(gram);
      for (const gram of present) this.pictures.set(gram, (this.pictures.get(gram) ?? 0) + 1);
    }
    if (count === 0) throw new RangeError('no references to take document frequencies from');
    this.logCount = Math.log(count);
  }

  /** A caption's n-grams, numbered as `weight` knows them. */
  count(caption: string): NgramCounts {
    return this.index.count(wordsOf(caption));
  }

  /** log(pictures / pictures with the n-gram); one that none has counts as if one had it. */
  weight(gram: number): number {
    return this.logCount - Math.log(this.pictures.get(gram) ?? 1);
  }
}
