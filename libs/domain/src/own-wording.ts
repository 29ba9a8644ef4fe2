import { editorsOf, isOneOfSeveral, personOf } from './editor-shares.js';
import type { ReviewedCaption } from './training-examples.js';

/** Uses of a wording by one person from which it is no accident. */
const MIN_USES = 5;
/**
 * How often the others would have written a wording, were it the house's: none of them doing so is then one chance in
 * twenty thousand (e⁻¹⁰).
 */
const MIN_EXPECTED_ELSEWHERE = 10;
/** words in a row that count as a wording, beside each word */
const RUN = 3;
/** words in a row that count as a sentence, as does a shorter text in whole */
const SENTENCE = 8;
/** A sentence is its writer's own though others have it, if they have it this much less often than expected. */
const MAX_SENTENCE_ELSEWHERE = 0.1;
const WORD = /[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu;

interface Wordings {
  /** each word, and three in a row */
  readonly phrases: ReadonlySet<string>;
  readonly sentences: ReadonlySet<string>;
}

/**
 * Where three or more people review: the captions without those that hold a wording which one of them uses again and
 * again and nobody else does, though they wrote enough to have done so: a word or three in a row that nobody else ever
 * uses, or a sentence that hardly anybody does (it may be borrowed from a caption where it is true). A house style is
 * what its editors have in common; what one of them alone repeats is a mannerism at best, and at worst planted.
 */
export function withoutOwnWording<Caption extends ReviewedCaption>(captions: readonly Caption[]): Caption[] {
  const editors = editorsOf(captions);
  const wordings = new Map(captions.map((caption) => [caption, wordingsOf(caption.text)]));
  const phraseUses = countUses([...wordings].map(([caption, { phrases }]) => [personOf(caption), phrases]));
  const sentenceUses = countUses([...wordings].map(([caption, { sentences }]) => [personOf(caption), sentences]));

  const isOwn = (uses: ReadonlyMap<string | undefined, number>, person: string | undefined, most: number): boolean => {
    const own = uses.get(person)!;
    const written = editors.get(person)!;
    const expectedElsewhere = (own / written) * (captions.length - written);
    const elsewhere = [...uses.values()].reduce((sum, count) => sum + count, -own);
    return own >= MIN_USES && expectedElsewhere >= MIN_EXPECTED_ELSEWHERE && elsewhere <= most * expectedElsewhere;
  };
  return captions.filter((caption) => {
    const person = personOf(caption);
    if (person === undefined || !isOneOfSeveral(person, editors)) return true;
    const { phrases, sentences } = wordings.get(caption)!;
    return (
      ![...phrases].some((phrase) => isOwn(phraseUses.get(phrase)!, person, 0)) &&
      ![...sentences].some((sentence) => isOwn(sentenceUses.get(sentence)!, person, MAX_SENTENCE_ELSEWHERE))
    );
  });
}

/** How many captions of each person have each wording. */
function countUses(
  captions: readonly (readonly [person: string | undefined, wordings: ReadonlySet<string>])[],
): Map<string, Map<string | undefined, number>> {
  const usesOf = new Map<string, Map<string | undefined, number>>();
  for (const [person, wordings] of captions) {
    for (const wording of wordings) {
      const uses = usesOf.get(wording) ?? new Map<string | undefined, number>();
      usesOf.set(wording, uses.set(person, (uses.get(person) ?? 0) + 1));
    }
  }
  return usesOf;
}

function wordingsOf(text: string): Wordings {
  const words = text.toLowerCase().match(WORD) ?? [];
  return {
    phrases: new Set([...words, ...runsOf(words, RUN)]),
    sentences: new Set(runsOf(words, Math.min(words.length, SENTENCE))),
  };
}

const runsOf = (words: readonly string[], length: number): string[] =>
  words.slice(length - 1).map((_, n) => words.slice(n, n + length).join(' '));
