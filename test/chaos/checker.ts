/** An upload the harness has sent, any number of times. */
export interface SentUpload {
  readonly tenantId: string;
  readonly assetId: string;
  readonly version: string;
  /** what a captioner alone writes for this very picture */
  readonly caption: string;
}

export interface Sent {
  readonly uploads: readonly SentUpload[];
  /** keys of messages that can never land; each belongs to the dead letters */
  readonly poison: readonly string[];
}

export interface AssetRow {
  readonly tenantId: string;
  readonly assetId: string;
  readonly version: string;
  readonly status: string;
  readonly suggestions: readonly { readonly id: string; readonly text: string }[];
}

/** An event that tells of a suggestion: a row of the outbox, or what came out of its topic. */
export interface SuggestedEvent {
  readonly eventId: string;
  readonly suggestionId: string;
  readonly tenantId: string;
  readonly assetId: string;
  readonly version: string;
  readonly caption: string;
}

/** Where everything is at the end. */
export interface Evidence {
  readonly assets: readonly AssetRow[];
  readonly outbox: readonly (SuggestedEvent & { readonly isPublished: boolean })[];
  /** undefined where nobody read the topic */
  readonly published?: readonly SuggestedEvent[];
  /** keys of the messages on the dead-letter topic */
  readonly deadLetters?: readonly string[];
  /** messages that the consumer group has not committed */
  readonly lag?: number;
}

/** Counts; every one but the first two and the last is 0 when nothing was lost and nothing came twice. */
export interface Verdict {
  readonly sent: number;
  readonly captioned: number;
  readonly failed: number;
  /** uploads without a row, captioned rows without a suggestion, poison without a dead letter */
  readonly lost: number;
  /** rows or suggestions too many, rows of what nobody sent */
  readonly duplicated: number;
  /** texts that are not this picture's, in the tables or in an event */
  readonly misattributed: number;
  /** the same, where they are another version's of the same asset */
  readonly outOfVersion: number;
  /** rows that are not terminal, events that are not published, messages that are not consumed */
  readonly stuck: number;
  /** suggestions without an event, events marked as published that are not on their topic */
  readonly eventsLost: number;
  /** second events of one suggestion, under an id of their own: no consumer could tell that they repeat */
  readonly eventsDoubled: number;
  /** deliveries of an event that was delivered before, under the same id: at least once allows them */
  readonly repeats: number;
}

/** Holds what is there against what was sent. */
export function check(sent: Sent, evidence: Evidence): Verdict {
  const { assets, outbox, published } = evidence;
  const rows = groupBy(assets, identity);
  const events = published ?? [];
  const texts = [
    ...assets.flatMap((row) => row.suggestions.map(({ text }) => ({ ...row, caption: text }))),
    ...distinct(events, ({ eventId }) => eventId),
  ];
  const [misattributed, outOfVersion] = judgeTexts(sent.uploads, texts);
  const captioned = assets.filter(({ status }) => status === 'captioned');
  const told = new Set(outbox.map(({ suggestionId }) => suggestionId));
  const deliveredIds = new Set(events.map(({ eventId }) => eventId));
  return {
    sent: sent.uploads.length,
    captioned: captioned.length,
    failed: assets.filter(({ status }) => status === 'failed').length,
    lost:
      sent.uploads.filter((upload) => !rows.has(identity(upload))).length +
      captioned.filter(({ suggestions }) => suggestions.length === 0).length +
      missing(sent.poison, evidence.deadLetters),
    duplicated: countDuplicates(sent.uploads, assets, rows),
    misattributed,
    outOfVersion,
    stuck:
      assets.filter(({ status }) => status === 'received').length +
      outbox.filter(({ isPublished }) => !isPublished).length +
      (evidence.lag ?? 0),
    eventsLost:
      assets.flatMap(({ suggestions }) => suggestions).filter(({ id }) => !told.has(id)).length +
      (published ? outbox.filter(({ isPublished, eventId }) => isPublished && !deliveredIds.has(eventId)).length : 0),
    eventsDoubled: surplus(outbox) + surplus(distinct(events, ({ eventId }) => eventId)),
    repeats: events.length - deliveredIds.size,
  };
}

const HARMLESS = ['sent', 'captioned', 'repeats'];

/** What a verdict holds against the run: the counts that must be 0 and are not. */
export function complaints(verdict: Verdict): string[] {
  const { sent, captioned } = verdict;
  const named = Object.entries(verdict).filter(([name, count]) => !HARMLESS.includes(name) && count > 0);
  if (captioned !== sent) named.push(['not captioned', sent - captioned]);
  return named.map(([name, count]) => `${name}: ${count}`);
}

interface Identity {
  readonly tenantId: string;
  readonly assetId: string;
  readonly version: string;
}

const identity = ({ tenantId, assetId, version }: Identity): string => JSON.stringify([tenantId, assetId, version]);

const assetOf = ({ tenantId, assetId }: Identity): string => JSON.stringify([tenantId, assetId]);

function countDuplicates(
  uploads: readonly SentUpload[],
  assets: readonly AssetRow[],
  rows: ReadonlyMap<string, readonly AssetRow[]>,
): number {
  const expected = new Set(uploads.map(identity));
  const unasked = [...rows.keys()].filter((key) => !expected.has(key)).length;
  const again = assets.length - rows.size;
  const suggestions = assets.reduce((sum, row) => sum + Math.max(0, row.suggestions.length - 1), 0);
  return unasked + again + suggestions;
}

function judgeTexts(
  uploads: readonly SentUpload[],
  texts: readonly (Identity & { readonly caption: string })[],
): [misattributed: number, outOfVersion: number] {
  const expected = new Map(uploads.map((upload) => [identity(upload), upload.caption]));
  const versions = groupBy(uploads, assetOf);
  const wrong = texts.filter((text) => text.caption !== expected.get(identity(text)));
  const ofAnotherVersion = wrong.filter((text) =>
    versions.get(assetOf(text))?.some(({ caption }) => caption === text.caption),
  );
  return [wrong.length - ofAnotherVersion.length, ofAnotherVersion.length];
}

const missing = (expected: readonly string[], present: readonly string[] | undefined): number => {
  const seen = new Set(present);
  return present ? expected.filter((key) => !seen.has(key)).length : 0;
};

/** Events beyond the first of each suggestion. */
const surplus = (events: readonly SuggestedEvent[]): number =>
  events.length - new Set(events.map(({ suggestionId }) => suggestionId)).size;

const distinct = <T>(items: readonly T[], key: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [key(item), item])).values(),
];

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
