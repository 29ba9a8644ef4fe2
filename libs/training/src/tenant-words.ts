import type { AdaptationExample } from './adaptation.js';
import { RECIPE } from './adaptation-recipe.js';
import { ownCaptions, type CaptionWriter, type ReplayedPicture } from './gate/caption-writer.js';
import type { AskedWords } from './gate/content-judge.js';
import { Random } from './random.js';
import type { RetoldPicture } from './replay-choice.js';
import { retell } from './retelling.js';
import { WordClasses } from './word-classes.js';
import type { ToldTwice } from './word-company.js';
import { learnLexicon, type WordLexicon } from './word-lexicon.js';
import { placesOf, wordsEverywhere, wordsOf } from './words.js';

/** What the base and the tenant say of the same pictures, and what follows from it. */
export class TenantWords {
  private readonly neutral = new Map<AdaptationExample, string>();
  /** of the replayed pictures, in the base's own words. */
  private generated: readonly string[] = [];

  constructor(
    private readonly writer: CaptionWriter,
    readonly replayed: readonly ReplayedPicture[],
  ) {}

  /** Asks the base what it writes under these pictures and its own. */
  async hear(examples: readonly AdaptationExample[]): Promise<void> {
    const embeddings = examples.map(({ embedding }) => embedding);
    const captions = await this.writer.write(undefined, embeddings);
    examples.forEach((example, n) => this.neutral.set(example, captions[n]!.text));
    this.generated = (await ownCaptions(this.writer, this.replayed)).map(({ text }) => text);
  }

  /**
   * The base's pictures in the words of these captions alone: what the base itself writes under them, retold, because
   * what it misreads it cannot learn to read from a few pictures more.
   */
  retell(examples: readonly AdaptationExample[], seed: number): RetoldPicture[] {
    const random = Random.of(seed, RETELLING);
    const texts = retell(this.generated, this.pairs(examples), (options) => random.pick(options));
    return this.replayed.flatMap(({ embedding }, n) => {
      const [neutral, text] = [this.generated[n]!, texts[n]];
      return text === undefined ? [] : [{ embedding, neutral, text }];
    });
  }

  /**
   * What a candidate is asked for: the tenant's words as the captions tell them that it is judged by, for one that was
   * taught to leave words out, or to exchange them, shall not be asked in its own. What these captions cannot show is
   * asked for too.
   */
  asked(learnable: readonly AdaptationExample[], judged: readonly AdaptationExample[]): AskedWords {
    const classes = new WordClasses(this.generated);
    const heard = [...learnLexicon(this.pairs(judged), classes)];
    const isSure = ([word, own]: [string, string]) => word === own || judged.length >= RECIPE.enoughForRenamed;
    const everywhere = wordsEverywhere(this.generated);
    const isTelling = ([word]: [string, string]) => !everywhere.has(word);
    const learned = [...learnLexicon(this.pairs(learnable), classes), ...heard.filter(isSure)];
    const named = new Map(learned.filter(isTelling));
    const pairs = this.pairs([...new Set([...learnable, ...judged])]);
    return { named, unnamed: this.unnamed(named, placesOf(pairs.map(({ neutral }) => neutral)), classes) };
  }

  /** The base's words without a known name, often shown ones left out, where the tenant tells more of their like than not. */
  private unnamed(
    named: WordLexicon,
    shown: ReadonlyMap<string, ReadonlySet<number>>,
    classes: WordClasses,
  ): ReadonlySet<string> {
    const isUntold = (word: string) => !named.has(word) && (shown.get(word)?.size ?? 0) >= RECIPE.shownOften;
    const balance = new Map<string, number>();
    const words = [...new Set(this.generated.flatMap(wordsOf))];
    for (const word of words) {
      const like = classes.classOf(word);
      balance.set(like, (balance.get(like) ?? 0) + (named.has(word) ? 1 : 0) - (isUntold(word) ? 1 : 0));
    }
    const isAsked = (word: string) => !named.has(word) && !isUntold(word) && balance.get(classes.classOf(word))! >= FEW;
    return new Set(words.filter(isAsked));
  }

  private pairs(examples: readonly AdaptationExample[]): ToldTwice[] {
    return examples.map((example) => ({ neutral: this.neutral.get(example)!, styled: example.text }));
  }
}

/** The purpose of a random stream. */
const RETELLING = 51;
/** more words of a class that are told than that are not: its others are told too. */
const FEW = 2;
