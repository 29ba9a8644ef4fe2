import { expect, it } from 'vitest';
import { DeadLetterGate, TooManyDeadLettersError } from './dead-letter-gate.js';

const bad = (count: number) => Array.from({ length: count }, () => 'unknown_tenant');
const good = (count: number) => Array.from({ length: count }, () => undefined);

/** As `withDeadLetters` does: done with, unless refused. */
function pass(gate: DeadLetterGate, codes: (string | undefined)[], topic = 'uploads'): boolean {
  try {
    gate.check(topic, codes);
  } catch (error) {
    expect(error).toBeInstanceOf(TooManyDeadLettersError);
    return false;
  }
  gate.done(topic, codes);
  return true;
}

it('lets bad messages among good ones by, however many they are in all', () => {
  const gate = new DeadLetterGate({ maxShare: 0.9 });
  for (let n = 0; n < 50; n++) expect(pass(gate, [...bad(40), ...good(10)])).toBe(true);
  expect(gate.pauses).toEqual([]);
});

it('says nothing of a topic that has hardly been read', () => {
  const gate = new DeadLetterGate({ maxShare: 0.9 });
  expect(pass(gate, bad(99))).toBe(true);
  expect(pass(gate, bad(1))).toBe(false);
});

it('refuses the batch that would be dead-lettered nearly whole, and says what is wrong with it', () => {
  const gate = new DeadLetterGate({ maxShare: 0.9 });
  pass(gate, good(1000));
  expect(() => gate.check('uploads', [...bad(450), 'malformed_event'])).toThrow(
    '200 of the last 200 messages of uploads cannot land (most: unknown_tenant)',
  );
});

it('refuses the same again and again, tells of it once, and goes on when it can be read', () => {
  const told: (string | undefined)[] = [];
  const gate = new DeadLetterGate({ maxShare: 0.9, onChange: (pause, topic) => told.push(pause?.topic, topic) });
  for (let attempt = 0; attempt < 5; attempt++) expect(pass(gate, bad(300))).toBe(false);
  expect(gate.pauses.map(({ topic }) => topic)).toEqual(['uploads']);
  expect(pass(gate, good(300))).toBe(true);
  expect(gate.pauses).toEqual([]);
  expect(told).toEqual(['uploads', 'uploads', undefined, 'uploads']);
});

it('forgets a pause that nobody asks about any more: its partition has gone elsewhere', () => {
  let now = 0;
  const gate = new DeadLetterGate({ maxShare: 0.9 }, () => now);
  pass(gate, bad(300));
  now = 100_000;
  expect(gate.pauses).toHaveLength(1);
  now = 200_000;
  expect(gate.pauses).toEqual([]);
});

it('keeps topics apart', () => {
  const gate = new DeadLetterGate({ maxShare: 0.9 });
  expect(pass(gate, bad(300), 'uploads')).toBe(false);
  expect(pass(gate, good(1), 'buckets')).toBe(true);
  expect(gate.pauses).toHaveLength(1);
});

it('goes on with good messages whatever came before, and never pauses where that is not wanted', () => {
  const gate = new DeadLetterGate({ maxShare: 0.9 });
  for (let n = 0; n < 9; n++) pass(gate, bad(11));
  expect(pass(gate, good(1))).toBe(true);
  const open = new DeadLetterGate({ maxShare: 1.1 });
  expect(pass(open, bad(1000))).toBe(true);
});
