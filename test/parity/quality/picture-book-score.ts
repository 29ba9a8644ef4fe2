/** What is in a test picture, as its generator knows it. The first group is the main one. */
export interface Scene {
  readonly place: string;
  readonly time: string;
  readonly groups: readonly SceneGroup[];
}

interface SceneGroup {
  readonly kind: string;
  readonly colour: string;
  readonly count: number;
}

export interface Grammar {
  readonly places: readonly string[];
  readonly colours: Readonly<Record<string, string>>;
  readonly kinds: Readonly<Record<string, { readonly pl: string; readonly syn?: readonly string[] }>>;
}

/** Shares of pictures, of groups and of mentions. */
export interface PictureBookScore {
  readonly mainKind: number;
  readonly mainKindColour: number;
  readonly mainAll: number;
  readonly allKinds: number;
  readonly allKindsColours: number;
  readonly allKindsColoursCounts: number;
  readonly place: number;
  readonly time: number;
  readonly everything: number;
  readonly endsWithPeriod: number;
  readonly groupKindNamed: number;
  readonly groupColourGivenKind: number;
  readonly groupCountGivenKind: number;
  readonly inventedObjects: number;
}

/** What captions say against what is there, by the definitions of the demo model's own quality table. */
export function scorePictureBook(
  grammar: Grammar,
  pictures: readonly { readonly scene: Scene; readonly caption: string }[],
): PictureBookScore {
  const read = captionReader(grammar);
  const judged = pictures.map(({ scene, caption }) => judge(scene, read(caption), caption));
  const share = (key: keyof PictureVerdict): number => judged.filter((verdict) => verdict[key]).length / judged.length;
  const groups = judged.flatMap((verdict) => verdict.groups);
  const named = groups.filter(({ isNamed }) => isNamed);
  return {
    mainKind: share('mainKind'),
    mainKindColour: share('mainKindColour'),
    mainAll: share('mainAll'),
    allKinds: share('allKinds'),
    allKindsColours: share('allKindsColours'),
    allKindsColoursCounts: share('allKindsColoursCounts'),
    place: share('place'),
    time: share('time'),
    everything: share('everything'),
    endsWithPeriod: share('endsWithPeriod'),
    groupKindNamed: named.length / groups.length,
    groupColourGivenKind: named.filter(({ isColourRight }) => isColourRight).length / named.length,
    groupCountGivenKind: named.filter(({ isCountRight }) => isCountRight).length / named.length,
    inventedObjects: sum(judged.map(({ invented }) => invented)) / sum(judged.map(({ mentioned }) => mentioned)),
  };
}

type PictureVerdict = ReturnType<typeof judge>;
type Objects = ReadonlyMap<string, { readonly colour: string; readonly count: number }>;

interface ReadCaption {
  readonly objects: Objects;
  readonly place: string | undefined;
  readonly time: string;
}

function judge(scene: Scene, { objects, place, time }: ReadCaption, caption: string) {
  const groups = scene.groups.map((group) => {
    const said = objects.get(group.kind);
    return {
      isNamed: said !== undefined,
      isColourRight: said?.colour === group.colour,
      isCountRight: said?.count === group.count,
    };
  });
  const main = groups[0]!;
  const kinds = new Set(scene.groups.map(({ kind }) => kind));
  const invented = [...objects.keys()].filter((kind) => !kinds.has(kind)).length;
  const allKinds = invented === 0 && objects.size === kinds.size;
  const allKindsColours = allKinds && groups.every(({ isColourRight }) => isColourRight);
  const allKindsColoursCounts = allKindsColours && groups.every(({ isCountRight }) => isCountRight);
  const [isPlaceRight, isTimeRight] = [place === scene.place, time === scene.time];
  return {
    groups,
    mentioned: objects.size,
    invented,
    mainKind: main.isNamed,
    mainKindColour: main.isColourRight,
    mainAll: main.isColourRight && main.isCountRight,
    allKinds,
    allKindsColours,
    allKindsColoursCounts,
    place: isPlaceRight,
    time: isTimeRight,
    everything: allKindsColoursCounts && isPlaceRight && isTimeRight,
    endsWithPeriod: caption.endsWith('.'),
  };
}

const PLACE_WORDS: Readonly<Record<string, RegExp>> = {
  meadow: /\b(?:meadow|grass)\b/,
  beach: /\bbeach\b/,
  snow: /\b(?:snow|snowy)\b/,
  desert: /\bdesert\b/,
  street: /\bcity\b/,
  sea: /\bsea\b/,
  kitchen: /\bkitchen\b/,
  bedroom: /\bbedroom\b/,
};

/** In the order they are looked for; without any of them it is day. */
const TIME_WORDS: readonly (readonly [time: string, words: RegExp])[] = [
  ['night', /night|moon/],
  ['sunset', /sunset|sun goes down/],
  ['rain', /rain/],
];

const COUNTS: Readonly<Record<string, number>> = { 'a pair of': 2, two: 2, three: 3 };

/** Reads colour + noun pairs with their count; the first mention of a kind counts. */
function captionReader({ kinds, colours, places }: Grammar): (caption: string) => ReadCaption {
  const kindOfNoun = new Map(
    Object.entries(kinds).flatMap(([kind, { pl, syn = [] }]) =>
      [kind, pl, ...syn].map((noun) => [noun, kind] as const),
    ),
  );
  const nouns = [...kindOfNoun.keys()].sort((a, b) => b.length - a.length).join('|');
  const mention = new RegExp(
    String.raw`\b(?:(a pair of|two|three|an?|one) )?(?:(?:small|little|big|large) )?(${Object.keys(colours).join('|')}) (${nouns})\b`,
    'g',
  );
  return (caption) => {
    const text = caption.toLowerCase();
    const objects = new Map<string, { colour: string; count: number }>();
    for (const [, count = '', colour, noun] of text.matchAll(mention)) {
      const kind = kindOfNoun.get(noun!)!;
      if (!objects.has(kind)) objects.set(kind, { colour: colour!, count: COUNTS[count] ?? 1 });
    }
    return {
      objects,
      place: places.find((name) => PLACE_WORDS[name]!.test(text)),
      time: TIME_WORDS.find(([, words]) => words.test(text))?.[0] ?? 'day',
    };
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
