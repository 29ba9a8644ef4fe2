import { DomainError, type ErrorCode } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import { toDeadLetter } from './dead-letters.js';
import type { IncomingMessage, OutgoingMessage } from './message.js';
import { redriveDeadLetters, type DeadLetterFilter } from './redrive-dead-letters.js';

const [ANA, BEN] = ['7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10', '8c1d3b63-a6b8-4b5f-b7a6-4d0e1e0c8b21'];

/** A dead-letter topic of one partition in memory; record n was written at second n. */
class Letters {
  readonly sent: OutgoingMessage[] = [];
  private readonly records: IncomingMessage[] = [];

  readonly read = async (handle: (messages: readonly IncomingMessage[]) => Promise<void>): Promise<void> => {
    for (const record of [...this.records]) await handle([record]);
  };

  readonly publish = (messages: readonly OutgoingMessage[]): Promise<void> => {
    for (const message of messages) {
      if (message.topic === 'uploads.dlt') this.keep(message);
      else this.sent.push(message);
    }
    return Promise.resolve();
  };

  setAside(code: ErrorCode, { key = `${ANA}/1`, value = '{}', headers = {} }: Partial<Letter> = {}): void {
    const message = {
      ...{ topic: 'uploads', partition: 2, offset: '77', timestamp: '1' },
      ...{ key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value) },
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    };
    this.keep(toDeadLetter({ message, error: new DomainError(code, 'why') }));
  }

  private keep({ key, value, headers }: OutgoingMessage): void {
    this.records.push({
      ...{ topic: 'uploads.dlt', partition: 0, offset: String(this.records.length) },
      timestamp: String(this.records.length * 1000),
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text as string)])),
    });
  }
}

interface Letter {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Record<string, string>;
}

const redrive = (letters: Letters, filter: DeadLetterFilter = {}, isDryRun = false) =>
  redriveDeadLetters('uploads', letters, letters, filter, { isDryRun });

describe('redriveDeadLetters', () => {
  it('sends an event back as it came, and notes where it had lain', async () => {
    const letters = new Letters();
    letters.setAside('unknown_tenant', {
      key: 'k',
      value: 'v',
      headers: { ce_id: '7', 'housestyle-error-code': 'mine' },
    });
    expect(await redrive(letters)).toEqual({ byCode: { unknown_tenant: 1 }, already: 0, withoutValue: 0 });
    const [event] = letters.sent;
    expect({ ...event, key: String(event!.key), value: String(event!.value) }).toMatchObject({ key: 'k', value: 'v' });
    expect(Object.keys(event!.headers)).toEqual(['ce_id', 'housestyle-redriven-from']);
    expect(event!.headers['housestyle-redriven-from']).toBe('0/0');
  });

  it('sends nothing twice, but a new letter of the same event', async () => {
    const letters = new Letters();
    letters.setAside('unknown_tenant');
    expect((await redrive(letters, {}, true)).byCode).toEqual({ unknown_tenant: 1 });
    expect(letters.sent).toEqual([]);
    await redrive(letters);
    expect(await redrive(letters)).toEqual({ byCode: {}, already: 1, withoutValue: 0 });
    letters.setAside('unknown_tenant');
    expect(await redrive(letters)).toEqual({ byCode: { unknown_tenant: 1 }, already: 1, withoutValue: 0 });
    expect(letters.sent).toHaveLength(2);
  });

  it('goes by tenant, code, time and limit', async () => {
    const letters = new Letters();
    letters.setAside('unknown_tenant', { key: `${BEN}/a/b` });
    letters.setAside('malformed_event', { key: null, value: JSON.stringify({ tenantId: ANA }) });
    letters.setAside('malformed_event', {
      key: null,
      value: JSON.stringify({ specversion: '1.0', data: { tenantId: ANA } }),
    });
    letters.setAside('malformed_event', { key: null, value: 'no JSON' });
    const counts = async (filter: DeadLetterFilter) => (await redrive(letters, filter, true)).byCode;
    expect(await counts({ tenant: ANA })).toEqual({ malformed_event: 2 });
    expect(await counts({ tenant: BEN })).toEqual({ unknown_tenant: 1 });
    expect(await counts({ codes: ['malformed_event', 'invalid_tenant'] })).toEqual({ malformed_event: 3 });
    expect(await counts({ since: new Date(1000), until: new Date(3000) })).toEqual({ malformed_event: 2 });
    expect(await counts({ limit: 2 })).toEqual({ unknown_tenant: 1, malformed_event: 1 });
  });

  it('counts what lost its value apart, and believes no sender’s mark', async () => {
    const letters = new Letters();
    letters.setAside('malformed_event');
    letters.setAside('malformed_event', { value: null, headers: { 'housestyle-original-value-bytes': '9000000' } });
    letters.setAside('malformed_event', { headers: { 'housestyle-redriven': '0/0' } });
    expect(await redrive(letters)).toEqual({ byCode: { malformed_event: 2 }, already: 0, withoutValue: 1 });
  });
});
