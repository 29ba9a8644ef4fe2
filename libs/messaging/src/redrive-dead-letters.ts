import { deadLetterTopic } from '@housestyle/contracts';
import { DEAD_LETTER_HEADERS } from './dead-letters.js';
import type { EventSink } from './event-sink.js';
import { headerText, type IncomingMessage, type OutgoingMessage } from './message.js';

/** Which dead letters are meant; what is not given does not narrow. */
export interface DeadLetterFilter {
  /** by the key, or where there is none by the event's own words; one that names no tenant is nobody's */
  readonly tenant?: string;
  readonly codes?: readonly string[];
  /** set aside at this moment or later */
  readonly since?: Date;
  /** set aside before this moment */
  readonly until?: Date;
  readonly limit?: number;
}

/** What became of the letters of one topic. */
export interface RedrivenLetters {
  /** sent back to their topic, by the code they were set aside with; of a dry run: would be */
  readonly byCode: Readonly<Record<string, number>>;
  /** meant, but sent back by an earlier redrive */
  readonly already: number;
  /** meant, but their value was too large to be kept: whoever sent them has to do it again */
  readonly withoutValue: number;
}

/** A topic that ends, read from its beginning: twice, so that none of it need be held in memory. */
export interface EndedTopic {
  read(handle: (messages: readonly IncomingMessage[]) => Promise<void>): Promise<void>;
}

/**
 * On the dead-letter topic, after a letter was sent back: `partition/offset` of that letter. A record with it holds
 * nothing else. A letter and its mark lie on one topic, so they are kept or dropped together.
 */
const REDRIVEN_HEADER = 'housestyle-redriven';
/** on an event that was sent back: where it had been set aside */
const ORIGIN_HEADER = 'housestyle-redriven-from';

const OWN_HEADERS = new Set<string>([...Object.values(DEAD_LETTER_HEADERS), ORIGIN_HEADER]);
const MAX_BATCH = 200;

/**
 * Sends dead letters back to `topic` as they came, and marks them: the same redrive again sends nothing. One that is cut
 * short between the two sends a few twice, which landing takes for the same upload. An event that still cannot land
 * becomes a new dead letter, which the next redrive may send.
 */
export async function redriveDeadLetters(
  topic: string,
  letters: EndedTopic,
  sink: EventSink,
  filter: DeadLetterFilter,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<RedrivenLetters> {
  const marks = new Set<string>();
  await letters.read((messages) => {
    for (const message of messages) {
      const mark = markOf(message);
      if (mark !== undefined) marks.add(mark);
    }
    return Promise.resolve();
  });

  const byCode: Record<string, number> = {};
  const found = { taken: 0, already: 0, withoutValue: 0 };
  await letters.read(async (messages) => {
    const chosen: IncomingMessage[] = [];
    for (const message of messages) {
      if (found.taken === (filter.limit ?? Infinity)) break;
      if (markOf(message) !== undefined || !isMeant(message, filter)) continue;
      if (marks.has(placeOf(message))) found.already += 1;
      else if (headerText(message.headers, DEAD_LETTER_HEADERS.valueBytes) !== undefined) found.withoutValue += 1;
      else {
        const code = codeOf(message);
        byCode[code] = (byCode[code] ?? 0) + 1;
        found.taken += 1;
        chosen.push(message);
      }
    }
    if (isDryRun) return;
    for (let from = 0; from < chosen.length; from += MAX_BATCH) {
      const batch = chosen.slice(from, from + MAX_BATCH);
      await sink.publish(batch.map((letter) => toEvent(letter, topic)));
      await sink.publish(batch.map((letter) => toMark(letter, topic)));
    }
  });
  return { byCode, already: found.already, withoutValue: found.withoutValue };
}

const placeOf = ({ partition, offset }: IncomingMessage): string => `${partition}/${offset}`;

/** A letter keeps its sender's own headers, whatever they are called; but only a letter has a code. */
const markOf = ({ headers }: IncomingMessage): string | undefined =>
  headerText(headers, DEAD_LETTER_HEADERS.code) === undefined ? headerText(headers, REDRIVEN_HEADER) : undefined;

const codeOf = ({ headers }: IncomingMessage): string => headerText(headers, DEAD_LETTER_HEADERS.code) ?? 'internal';

function isMeant(letter: IncomingMessage, { tenant, codes, since, until }: DeadLetterFilter): boolean {
  const setAsideAt = Number(letter.timestamp);
  return (
    (codes === undefined || codes.includes(codeOf(letter))) &&
    (since === undefined || setAsideAt >= since.getTime()) &&
    (until === undefined || setAsideAt < until.getTime()) &&
    (tenant === undefined || tenantOf(letter) === tenant)
  );
}

function tenantOf({ key, value }: IncomingMessage): string | undefined {
  const [tenant, ...rest] = key?.toString().split('/') ?? [];
  if (rest.length > 0) return tenant;
  try {
    const { tenantId, data } = JSON.parse(value?.toString() ?? '') as Record<string, unknown>;
    const named = tenantId ?? (data as Record<string, unknown> | undefined)?.['tenantId'];
    return typeof named === 'string' ? named : undefined;
  } catch {
    return undefined;
  }
}

/** As it came, without what was added when it was set aside. */
function toEvent(letter: IncomingMessage, topic: string): OutgoingMessage {
  const headers = Object.entries(letter.headers).filter(([name]) => !OWN_HEADERS.has(name));
  return {
    topic,
    key: letter.key,
    value: letter.value,
    headers: { ...Object.fromEntries(headers), [ORIGIN_HEADER]: placeOf(letter) },
  };
}

const toMark = (letter: IncomingMessage, topic: string): OutgoingMessage => ({
  topic: deadLetterTopic(topic),
  key: letter.key,
  value: null,
  headers: { [REDRIVEN_HEADER]: placeOf(letter) },
});
