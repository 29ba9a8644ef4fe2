import type { AdaptationExample } from './adaptation.js';
import { RECIPE } from './adaptation-recipe.js';
import type { PromotionGate, ReplayedPicture } from './gate/promotion-gate.js';
import { Random } from './random.js';
import { retell } from './retelling.js';
import { WordClasses } from './word-classes.js';
import type { ToldTwice } from './word-company.js';
import { learnLexicon, type WordLexicon } from './word-lexicon.js';
import { wordsEverywhere, wordsOf } from './words.js';

/** What the base and the tenant say of the same pictures, and what follows from it. */
export class TenantWords {
  private readonly neutral = new Map<AdaptationExample, string>();
  /** of the replayed pictures, in the base's own words. */
  private generated: readonly string[] = [];

  constructor(
    private readonly gate: PromotionGate,
    readonly replayed: readonly ReplayedPicture[],
  ) {}

  /** Asks the base what it writes under these pictures and its own. */
  async hear(examples: readonly AdaptationExample[]): Promise<void> {
    const embeddings = examples.map(({ embedding }) => embedding);
    const captions = await this.gate.captions(undefined, embeddings);
    examples.forEach((example, n) => this.neutral.set(example, captions[n]!.text));
    this.generated = (await this.gate.generated(this.replayed)).map(({ text }) => text);
  }

  /**
   * The base's pictures in the words of these captions alone: what the base itself writes under them, retold, because
   * what it misreads it cannot learn to read from a few pictures more.
   */
  retell(examples: readonly AdaptationExample[], seed: number): { embedding: Float32Array; text: string }[] {
    const random = Random.of(seed, RETELLING);
    const texts = retell(this.generated, this.pairs(examples), (options) => random.pick(options));
    return texts.flatMap((text, n) => (text === undefined ? [] : [{ embedding: this.replayed[n]!.embedding, text }]));
  }

  /**
   * The tenant's words as the captions tell them that a candidate is judged by: one that was taught to leave words out,
   * or to exchange them, shall not be asked in its own. What few captions cannot show is asked for too.
   */
  lexicon(learnable: readonly AdaptationExample[], judged: readonly AdaptationExample[]): WordLexicon {
    const classes = new WordClasses(this.generated);
    const heard = [...learnLexicon(this.pairs(judged), classes)];
    const isSure = ([word, own]: [string, string]) => word === own || judged.length >= RECIPE.enoughForRenamed;
    const everywhere = wordsEverywhere(this.generated);
    const known = new Map(
      [...learnLexicon(this.pairs(learnable), classes), ...heard.filter(isSure)].filter(
        ([word]) => !everywhere.has(word),
      ),
    );
    if (learnable.length >= RECIPE.enoughForUnshown) return known;
    const shown = this.pairs([...learnable, ...judged]).flatMap(({ neutral }) => wordsOf(neutral));
    return new Map([...this.unshown(new Set(shown), known, classes), ...known]);
  }

  /** The base's words that are not among these, where the tenant keeps most of their like: as they are. */
  private unshown(shown: ReadonlySet<string>, known: WordLexicon, classes: WordClasses): [string, string][] {
    const balance = new Map<string, number>();
    for (const [word, own] of known) {
      const like = classes.classOf(word);
      balance.set(like, (balance.get(like) ?? 0) + (word === own ? 1 : -1));
    }
    return [...new Set(this.generated.flatMap(wordsOf))]
      .filter((word) => !shown.has(word) && (balance.get(classes.classOf(word)) ?? 0) > 0)
      .map((word) => [word, word]);
  }

  private pairs(examples: readonly AdaptationExample[]): ToldTwice[] {
    return examples.map((example) => ({ neutral: this.neutral.get(example)!, styled: example.text }));
  }
}

/** The purpose of a random stream. */
const RETELLING = 51;
