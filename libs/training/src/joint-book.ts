/** What stands between two neighbours of a text, and what is known of them. */
export interface Joint {
  /** of the left and the right neighbour: joints of other kinds say nothing of each other. */
  readonly kinds: string;
  readonly features: readonly string[];
  readonly text: string;
}

/**
 * Tells which text joins two neighbours, from how often it was seen. Of the features, those are asked first that tell the
 * text of a joint best from the texts of the others (each joint left out in turn), the fewer the better.
 */
export class JointBook {
  private readonly chapters = new Map<string, Chapter>();

  constructor(joints: readonly Joint[]) {
    const of = new Map<string, Joint[]>();
    for (const joint of joints) of.set(joint.kinds, [...(of.get(joint.kinds) ?? []), joint]);
    for (const [kinds, same] of of) this.chapters.set(kinds, new Chapter(same));
  }

  /** How likely each text is; empty: no such joint is known. */
  likelihoods(kinds: string, features: readonly string[]): ReadonlyMap<string, number> {
    return this.chapters.get(kinds)?.likelihoods(features) ?? new Map<string, number>();
  }
}

class Chapter {
  private readonly views: readonly View[];

  constructor(joints: readonly Joint[]) {
    const subsets = 2 ** joints[0]!.features.length;
    const [blind, ...views] = Array.from({ length: subsets }, (_, chosen) => new View(chosen, joints));
    this.views = [...views.sort((a, b) => b.likelihood - a.likelihood).slice(0, MOST_VIEWS), blind!];
  }

  /** The views that know such a joint, each heard as far as it tells the known ones. */
  likelihoods(features: readonly string[]): ReadonlyMap<string, number> {
    const heard = this.views
      .map((view) => ({ view, texts: view.texts(features) }))
      .filter(({ texts }) => texts.length > 0);
    const best = Math.max(...heard.map(({ view }) => view.likelihood));
    const likelihoods = new Map<string, number>();
    for (const { view, texts } of heard) {
      const weight = Math.exp(view.likelihood - best);
      for (const text of texts) likelihoods.set(text, (likelihoods.get(text) ?? 0) + weight / texts.length);
    }
    return likelihoods;
  }
}

/** The joints by some of their features. */
class View {
  private readonly pages = new Map<string, string[]>();
  /** how well each joint's text is told by those of the others that look the same from here, in nats. */
  readonly likelihood: number;

  constructor(
    private readonly chosen: number,
    joints: readonly Joint[],
  ) {
    for (const { features, text } of joints) {
      const key = this.key(features);
      this.pages.set(key, [...(this.pages.get(key) ?? []), text]);
    }
    const texts = joints.map(({ text }) => text);
    const likelihoods = joints.map(({ features, text }) => {
      const same = this.texts(features);
      const anywhere = (timesIn(texts, text) - 1 + UNSEEN) / joints.length;
      return Math.log((timesIn(same, text) - 1 + anywhere) / same.length);
    });
    this.likelihood = likelihoods.reduce((sum, value) => sum + value, 0) - PAGE_COST * this.pages.size;
  }

  texts(features: readonly string[]): readonly string[] {
    return this.pages.get(this.key(features)) ?? [];
  }

  private key(features: readonly string[]): string {
    return features.filter((_, n) => (this.chosen >> n) & 1).join('\n');
  }
}

/** In nats: what looks at more tells the known joints better by chance alone. */
const PAGE_COST = 0.5;
const MOST_VIEWS = 12;

/** of a text that no other joint has. */
const UNSEEN = 0.1;

const timesIn = (texts: readonly string[], text: string): number => texts.filter((other) => other === text).length;
