import { describe, expect, it } from 'vitest';
import { check, complaints, type Evidence, type Sent, type SuggestedEvent, type Verdict } from './checker.js';

const upload = (assetId: string, version: string, caption: string) => ({ tenantId: 't', assetId, version, caption });

const SENT: Sent = {
  uploads: [
    upload('a', '1', 'A cat.'),
    upload('a', '2', 'A dog.'),
    upload('b', '1', 'A boat.'),
    upload('c', '1', 'A bird.'),
  ],
  poison: ['p1', 'p2'],
};

/** What a faultless run leaves. */
function faultless() {
  const assets = SENT.uploads.map(({ caption, ...key }, n) => ({
    ...key,
    status: 'captioned',
    suggestions: [{ id: `s${n}`, text: caption }],
  }));
  const events = SENT.uploads.map((key, n): SuggestedEvent => ({ ...key, eventId: `e${n}`, suggestionId: `s${n}` }));
  return {
    assets,
    outbox: events.map((event) => ({ ...event, isPublished: true })),
    published: [...events, events[0]!],
    deadLetters: ['p2', 'p1', 'p1'],
    lag: 0,
  };
}

const CLEAN: Verdict = {
  sent: 4,
  captioned: 4,
  failed: 0,
  lost: 0,
  duplicated: 0,
  misattributed: 0,
  outOfVersion: 0,
  stuck: 0,
  eventsLost: 0,
  eventsDoubled: 0,
  repeats: 1,
};

type Books = ReturnType<typeof faultless>;

/** Faults as they would show in tables and topics. */
const FAULTS: readonly [string, (books: Books) => Evidence, Partial<Verdict>][] = [
  ['an upload that never became a row', (b) => ({ ...b, assets: b.assets.slice(0, 3) }), { captioned: 3, lost: 1 }],
  [
    'a captioned row without a suggestion',
    (b) => ({ ...b, assets: b.assets.map((row, n) => (n === 2 ? { ...row, suggestions: [] } : row)) }),
    { lost: 1 },
  ],
  ['a poison message that is nowhere', (b) => ({ ...b, deadLetters: ['p1'] }), { lost: 1 }],
  [
    'two rows for one upload',
    (b) => ({ ...b, assets: [...b.assets, { ...b.assets[2]!, suggestions: [], status: 'failed' }] }),
    { failed: 1, duplicated: 1 },
  ],
  [
    'a row of something nobody sent',
    (b) => ({ ...b, assets: [...b.assets, { ...b.assets[0]!, assetId: 'z', status: 'failed', suggestions: [] }] }),
    { failed: 1, duplicated: 1 },
  ],
  [
    'two suggestions for one picture',
    (b) => ({
      ...b,
      assets: b.assets.map((row, n) =>
        n === 2 ? { ...row, suggestions: [...row.suggestions, { id: 's0', text: 'A boat.' }] } : row,
      ),
    }),
    { duplicated: 1 },
  ],
  [
    'two pictures whose captions were swapped',
    (b) => ({
      ...b,
      assets: b.assets.map((row, n) =>
        n < 2 ? row : { ...row, suggestions: [{ id: `s${n}`, text: SENT.uploads[5 - n]!.caption }] },
      ),
    }),
    { misattributed: 2 },
  ],
  [
    "another version's caption",
    (b) => ({
      ...b,
      assets: b.assets.map((row, n) => (n === 0 ? { ...row, suggestions: [{ id: 's0', text: 'A dog.' }] } : row)),
    }),
    { outOfVersion: 1 },
  ],
  [
    'an event that tells another text than its row',
    (b) => ({ ...b, published: b.published.map((event, n) => (n === 2 ? { ...event, caption: 'A bird.' } : event)) }),
    { misattributed: 1 },
  ],
  [
    'a row that is leased for ever',
    (b) => ({
      ...b,
      assets: b.assets.map((row, n) => (n === 3 ? { ...row, status: 'received', suggestions: [] } : row)),
    }),
    { captioned: 3, stuck: 1 },
  ],
  [
    'an event that stays in the outbox',
    (b) => ({ ...b, outbox: b.outbox.map((row, n) => (n === 3 ? { ...row, isPublished: false } : row)) }),
    { stuck: 1 },
  ],
  ['messages nobody consumed', (b) => ({ ...b, lag: 7 }), { stuck: 7 }],
  ['a suggestion nobody tells of', (b) => ({ ...b, outbox: b.outbox.slice(1) }), { eventsLost: 1 }],
  [
    'an event that was marked and never published',
    (b) => ({ ...b, published: b.published.filter(({ eventId }) => eventId !== 'e3') }),
    { eventsLost: 1 },
  ],
  [
    'one suggestion told twice under two ids',
    (b) => ({ ...b, published: [...b.published, { ...b.published[1]!, eventId: 'e9' }] }),
    { eventsDoubled: 1 },
  ],
];

describe('the checker', () => {
  it('has no complaint about a faultless run, in which one event was delivered twice', () => {
    const verdict = check(SENT, faultless());
    expect(verdict).toEqual(CLEAN);
    expect(complaints(verdict)).toEqual([]);
  });

  it.each(FAULTS)('counts %s', (_, spoil, counts) => {
    const verdict = check(SENT, spoil(faultless()));
    expect(verdict).toEqual({ ...CLEAN, ...counts });
    expect(complaints(verdict)).not.toEqual([]);
  });
});
