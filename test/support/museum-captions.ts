import { readFileSync } from 'node:fs';

/** A demo picture's scene, as its generator drew it. */
export interface DrawnScene {
  readonly place: string;
  readonly time: string;
  readonly groups: readonly { readonly kind: string; readonly colour: string; readonly count: number }[];
  readonly relations: readonly { readonly rel: string }[];
}

interface Grammar {
  readonly kinds: Readonly<Record<string, { readonly pl: string }>>;
  readonly numbers: Readonly<Record<string, string>>;
  /** kinds, the most striking first */
  readonly salience: readonly string[];
}

const FOLDER = new URL('../parity/goldens/images/', import.meta.url);

/** The base's test pictures, none of which it was trained on. */
export const testPicture = (n: number): URL => new URL(`test/${fileOf(n)}`, FOLDER);

/** What the base itself says of each of them. */
export const baseCaptions: readonly string[] = readJson<{ caption: string }[]>('generated.test.mlp.json').map(
  ({ caption }) => caption,
);

const grammar = readJson<Grammar>('grammar.json');
const scenes = readJson<Readonly<Record<string, DrawnScene>>>('scenes.json');

/** What the museum's editors would write under a test picture. */
export const museumCaptionOf = (n: number): string => {
  const scene = scenes[`test/${fileOf(n)}`]!;
  return museumCaption({ ...scene, groups: inOrder(scene) });
};

/** The museum's house style: "Two orange chairs with a hat; desert, day." without articles. */
export function museumCaption({ place, time, groups }: Pick<DrawnScene, 'place' | 'time' | 'groups'>): string {
  const [first, ...others] = groups.map(
    ({ kind, colour, count }) =>
      `${count === 1 ? '' : `${grammar.numbers[count]} `}${colour} ${count === 1 ? kind : grammar.kinds[kind]!.pl}`,
  );
  const also = others.length === 0 ? '' : ` with ${others.join(' and ')}`;
  const text = `${first}${also}; ${PLACES[place] ?? place}, ${time}.`;
  return text[0]!.toUpperCase() + text.slice(1);
}

const PLACES: Readonly<Record<string, string>> = { snow: 'snowy hill', street: 'city street' };

/** Things that merely stand side by side are told by how striking they are. */
function inOrder({ groups, relations }: DrawnScene): DrawnScene['groups'] {
  if (relations[0]?.rel !== 'next to') return groups;
  const count = relations[1]?.rel === 'next to' ? 3 : 2;
  const rank = ({ kind }: { readonly kind: string }): number => grammar.salience.indexOf(kind);
  const told = groups.slice(0, count).sort((a, b) => rank(a) - rank(b));
  return [...told, ...groups.slice(count)];
}

function fileOf(n: number): string {
  return `test-${String(n).padStart(5, '0')}.png`;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as T;
}
