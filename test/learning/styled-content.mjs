import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseCaption, placeIn } from './fixtures/parse-caption.mjs';

/**
 * What a caption says of a scene of the demo world, whatever its style: each thing's kind, its colour and its number, and
 * the place where the style tells it. Unlike the gate's judge by words, this one sees which colour belongs to which thing.
 */
const { kinds: KINDS, colours } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../parity/goldens/images/grammar.json'), 'utf8'),
);
const world = { KINDS, COLOUR_NAMES: Object.keys(colours) };
const NOUNS = new Map(
  Object.entries(KINDS).flatMap(([kind, { pl, syn = [] }]) => [kind, pl, ...syn].map((noun) => [noun, kind])),
);
const noun = [...NOUNS.keys()].sort((a, b) => b.length - a.length).join('|');
const colour = world.COLOUR_NAMES.join('|');
const BARD_COLOURS = { crimson: 'red', amber: 'orange', saffron: 'yellow', emerald: 'green', azure: 'blue', violet: 'purple', ivory: 'white', ebony: 'black' }; // prettier-ignore
const COUNTS = { two: 2, three: 3, solitary: 1, twain: 2, thrice: 3, 1: 1, 2: 2, 3: 3 };
const things = (expression, names) => ({ expression: new RegExp(expression, 'g'), ...names });
const PLAIN = things(`\\b(?:(?<count>two|three) )?(?:little )?(?<colour>${colour}) (?<noun>${noun})\\b`);
const READERS = {
  bard: things(
    `\\b(?<noun>${noun}) (?<colour>${Object.keys(BARD_COLOURS).join('|')}|${colour})(?: (?<count>solitary|twain|thrice|two|three))?`,
  ),
  registrar: things(`\\b(?<noun>${noun}) hued (?<colour>${colour}), tallying (?<count>\\d|two|three)`),
};
const TELLS_PLACE = new Set(['museum', 'shop', 'bard', 'registrar']);

/** Share of what the scene of a neutral caption shows that the caption says, in a style; absent: neutrally. 0–1 */
function contentOf(neutral, caption, style, judgedIn = style) {
  const scene = parseCaption(neutral, world);
  const said = style === undefined ? parseCaption(caption, world).groups : read(caption.toLowerCase(), style);
  const points = scene.groups.flatMap((thing) => {
    const same = said.filter(({ kind }) => kind === thing.kind);
    return [
      same.length > 0,
      same.some((one) => one.colour === thing.colour),
      same.some((one) => one.count === thing.count),
    ];
  });
  if (TELLS_PLACE.has(judgedIn)) points.push(placeIn(caption.toLowerCase()) === scene.place);
  return points.filter(Boolean).length / points.length;
}

/** The mean of it over pictures [{ caption }], each with its text. */
export function meanContent(pictures, texts, style, judgedIn = style) {
  const shares = pictures.map(({ caption }, n) => contentOf(caption, texts[n], style, judgedIn));
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function read(text, style) {
  const { expression } = READERS[style] ?? PLAIN;
  return [...text.matchAll(expression)].map(({ groups }) => ({
    kind: NOUNS.get(groups.noun),
    colour: BARD_COLOURS[groups.colour] ?? groups.colour,
    count: COUNTS[groups.count] ?? 1,
  }));
}
