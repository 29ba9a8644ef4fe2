import type { MapperVersionFiles } from '@housestyle/clipcap';
import { WordCompany } from '../word-company.js';
import type { WordLexicon } from '../word-lexicon.js';
import { placesOf, wordsOf } from '../words.js';
import { ownCaptions, type CaptionWriter, type ReplayedPicture } from './caption-writer.js';
import type { ContentContest, Contest } from './promotion-gate.js';
import { bootstrapP } from './resampling.js';

/** A picture of the base slice: what the base's own caption says of it, and what a mapper under judgement says. */
export interface JudgedCaption {
  readonly neutral: string;
  readonly caption: string;
}

/** The base's words that a tenant's captions are asked for. */
export interface AskedWords {
  /** those it has a word for. */
  readonly named: WordLexicon;
  /** those whose name its captions do not show, though it tells their like: they must be told, whatever by. */
  readonly unnamed: ReadonlySet<string>;
}

/** Champion and candidate, to be asked what they say. */
export interface ContentQuestion {
  /** absent: the base's own mapper. */
  readonly champion: MapperVersionFiles | undefined;
  readonly candidate: MapperVersionFiles;
  /** the base's words that they may be asked for. */
  readonly asked: AskedWords;
  /** the tenant's pictures, and what both wrote under them. */
  readonly contest: Contest;
  readonly seed: number;
}

/** Judges what is said, not how. */
export interface ContentJudge {
  content(question: ContentQuestion): Promise<ContentContest>;
}

/** Content by words, on the base slice. */
export class WordContentJudge implements ContentJudge {
  constructor(
    private readonly writer: CaptionWriter,
    /** the base slice. */
    private readonly slice: readonly ReplayedPicture[],
  ) {}

  /** Where captions are the base's own, each word stands for itself. */
  async content({ champion, candidate, asked, seed }: ContentQuestion): Promise<ContentContest> {
    const [ofChampion, ofCandidate] = [await this.onSlice(champion), await this.onSlice(candidate)];
    const askedOfChampion = champion ? asked : { ...asked, named: asItself(asked.named) };
    return {
      champion: meanShare(wordShares(ofChampion, askedOfChampion)),
      candidate: meanShare(wordShares(ofCandidate, asked)),
      ...(champion && { p: saysNoMoreP(ofChampion, ofCandidate, asked, seed) }),
    };
  }

  /** What `files` (absent: the base's own mapper) writes under the slice. */
  private async onSlice(files: MapperVersionFiles | undefined): Promise<JudgedCaption[]> {
    const captions = files
      ? await this.writer.write(
          files,
          this.slice.map(({ embedding }) => embedding),
        )
      : await ownCaptions(this.writer, this.slice);
    return captions.map(({ text }, n) => ({ neutral: this.slice[n]!.caption, caption: text }));
  }
}

/** By words with a known name: how well one without is told is a figure of all pictures, not of each. */
function saysNoMoreP(
  champion: readonly JudgedCaption[],
  candidate: readonly JudgedCaption[],
  { named }: AskedWords,
  seed: number,
): number {
  const asked = { named, unnamed: new Set<string>() };
  const before = wordShares(champion, asked);
  const gains = wordShares(candidate, asked).map((share, n) => (share ?? 0) - (before[n] ?? 0));
  return bootstrapP(gains, [...gains.keys()].map(String), seed);
}

/**
 * Share of each picture's content that its caption says, 0–1; undefined: nothing is asked of it. Content is, of a
 * picture's neutral caption, the words that the tenant tells, kinds, colours, counts and places alike: what a style
 * never tells is not asked of it. A word whose name is not known counts by how well some word of these very captions
 * tells the pictures with it from all others (phi): one that is confused with its like is lost, though the tenant's own
 * captions never show it.
 */
export function wordShares(
  captions: readonly JudgedCaption[],
  { named, unnamed }: AskedWords,
): readonly (number | undefined)[] {
  const told = toldApart(captions, unnamed);
  return captions.map(({ neutral, caption }) => contentRecall(neutral, caption, named, told));
}

/** Of all pictures that something is asked of, 0–1; 0 of none. */
export function meanShare(shares: readonly (number | undefined)[]): number {
  const given = shares.filter((share) => share !== undefined);
  return given.reduce((sum, share) => sum + share, 0) / Math.max(1, given.length);
}

/** How well the captions tell the pictures with each of these words from the others, 0–1; words of few pictures lack. */
function toldApart(captions: readonly JudgedCaption[], words: ReadonlySet<string>): ReadonlyMap<string, number> {
  const places = placesOf(captions.map(({ neutral }) => neutral));
  const company = new WordCompany(captions.map(({ neutral, caption }) => ({ neutral, styled: caption })));
  const partners = company.partners();
  const strength = (word: string) => Math.max(0, ...partners.map((own) => company.bond([word], own).strength));
  const asked = [...words].filter((word) => (places.get(word)?.size ?? 0) >= ENOUGH);
  return new Map(asked.map((word) => [word, strength(word)]));
}

/** of pictures, that another word should not tell them by chance. */
const ENOUGH = 10;

/** The same words, standing for themselves: what the base's own captions are judged by beside a tenant's. */
export const asItself = (lexicon: WordLexicon): WordLexicon => new Map([...lexicon.keys()].map((word) => [word, word]));

/**
 * Share of the words which the tenant would tell a neutral caption's content with that `styled` has.
 * @param told of words without a known name, how well they are told at all, 0–1
 */
export function contentRecall(
  neutral: string,
  styled: string,
  lexicon: WordLexicon,
  told: ReadonlyMap<string, number> = new Map(),
): number | undefined {
  const words = [...new Set(wordsOf(neutral))];
  const wanted = new Set(words.flatMap((word) => lexicon.get(word) ?? []));
  const credits = words.flatMap((word) => told.get(word) ?? []);
  if (wanted.size + credits.length === 0) return undefined;
  const has = new Set(wordsOf(styled));
  const hits = [...wanted].filter((word) => has.has(word)).length;
  return credits.reduce((sum, credit) => sum + credit, hits) / (wanted.size + credits.length);
}
