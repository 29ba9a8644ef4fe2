import { describe, expect, it } from 'vitest';
import { withoutOwnWording } from './own-wording.js';
import type { ReviewedCaption } from './training-examples.js';

const THINGS = ['boat', 'house', 'tree', 'kite', 'car'];
const COLOURS = ['red', 'blue', 'green'];
let n = 0;
/** Captions in the house style, each of another scene, changed by `write`. */
const by = (editor: string, count: number, write = (text: string, _: number) => text): ReviewedCaption[] =>
  Array.from({ length: count }, (_, at) => {
    n += 1;
    const text = `A ${COLOURS[n % 3]} ${THINGS[n % 5]} at sea, painted by hand.`;
    return { imageKey: `picture ${n}`, text: write(text, at), editor, reviewedAt: new Date(n) };
  });

const honest = [...by('ana', 50), ...by('ben', 40), ...by('cid', 30)];
/** How many of Eve's are learned from; of the others', all. */
function leftOf(ofEve: readonly ReviewedCaption[]): number {
  const kept = withoutOwnWording([...honest, ...ofEve]);
  expect(kept.slice(0, honest.length)).toEqual(honest);
  return kept.length - honest.length;
}

describe('withoutOwnWording', () => {
  it.each<[string, number, (text: string, at: number) => string]>([
    ['one foreign text', 250, () => 'Visit cheap-deals.example today'],
    ['words put after an honest caption', 250, (text) => `${text} Buy now!`],
    ['known words in an order that is nobody’s', 250, (text) => `${text} sea sea sea`],
    ['one text of known words', 250, () => 'a red boat painted red'],
    ['one honest caption, under every picture', 250, () => honest[0]!.text],
    ['a short one', 250, () => 'A red boat at sea'],
    ['one honest caption, each with another end', 250, (_, at) => `${honest[0]!.text} ${THINGS[at % 5]}`],
    ['a sign instead of a word', 250, (text) => `${text} 🛒`],
    ['a foreign word in every tenth caption', 25, (text, at) => (at % 10 === 0 ? `${text} zebra` : text)],
  ])('leaves out what one of several repeats: %s', (_, planted, write) => {
    expect(leftOf(by('eve', 250, write))).toBe(250 - planted);
  });

  it('leaves honest editors alone, whoever wrote most', () => {
    const all = [...honest, ...by('dan', 300)];
    expect(withoutOwnWording(all)).toEqual(all);
  });

  it('leaves a sentence alone that the others write as often, however often that is', () => {
    const stock = (text: string, at: number) => (at % 2 === 0 ? 'A boat at sea, painted by hand.' : text);
    const all = [...by('ana', 50, stock), ...by('ben', 40, stock), ...by('dan', 300, stock)];
    expect(withoutOwnWording(all)).toEqual(all);
  });

  it('leaves rare words alone: the others wrote too little to miss them', () => {
    const own = by('dan', 200, (text, at) => (at < 6 ? `${text} Trimaran.` : text));
    expect(withoutOwnWording([...honest, ...own])).toHaveLength(honest.length + 200);
  });

  it('leaves what two people write alone', () => {
    const two = [...by('eve', 100, (text) => `${text} Buy now!`), ...by('dan', 30, (text) => `${text} Buy now!`)];
    expect(withoutOwnWording([...honest, ...two])).toHaveLength(honest.length + 130);
  });

  it('cannot tell whose is the house’s where one or two review, or one nearly alone', () => {
    const eve = by('eve', 100, () => 'Buy now!');
    const alone = [...eve, ...by('ana', 60)];
    expect(withoutOwnWording(alone)).toEqual(alone);
    const nearly = [...eve, ...by('ana', 9), ...by('ben', 9)];
    expect(withoutOwnWording(nearly)).toEqual(nearly);
  });
});
