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
const WORD = /[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu;

/**
 * Where three or more people review: the captions without those that hold a wording (a word, or three in a row) which
 * one of them uses again and again and nobody else ever, though they wrote enough to have done so. A house style is what
 * its editors have in common; what one of them alone repeats is a mannerism at best, and at worst planted.
 */
export function withoutOwnWording<Caption extends ReviewedCaption>(captions: readonly Caption[]): Caption[] {
  const editors = editorsOf(captions);
  const usesOf = new Map<string, Map<string | undefined, number>>();
  const wordings = new Map(captions.map((caption) => [caption, wordingsOf(caption.text)]));
  for (const [caption, own] of wordings) {
    for (const wording of own) {
      const uses = usesOf.get(wording) ?? new Map<string | undefined, number>();
      usesOf.set(wording, uses.set(personOf(caption), (uses.get(personOf(caption)) ?? 0) + 1));
    }
  }
  const isOwn = (wording: string): boolean => {
    const [only, ...more] = usesOf.get(wording)!;
    if (more.length > 0 || only === undefined) return false;
    const [person, uses] = only;
    const written = editors.get(person)!;
    const expectedElsewhere = (uses / written) * (captions.length - written);
    return uses >= MIN_USES && expectedElsewhere >= MIN_EXPECTED_ELSEWHERE && isOneOfSeveral(person, editors);
  };
  return captions.filter((caption) => ![...wordings.get(caption)!].some(isOwn));
}

function wordingsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(WORD) ?? [];
  const runs = words.slice(RUN - 1).map((_, n) => words.slice(n, n + RUN).join(' '));
  return new Set([...words, ...runs]);
}
