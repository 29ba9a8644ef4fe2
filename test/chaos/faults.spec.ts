import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { runChaos, type ChaosReport } from './chaos.js';
import { complaints } from './checker.js';
import { scale } from './scale.js';

const { isFull, seeds } = scale();
const SHORT = {
  uploads: 240,
  rounds: 1,
  lanes: 3,
  shutdowns: 5,
  severity: { brokerDownMs: 2_000, databaseDownMs: 1_000, joins: 4, weatherMs: 500, cuts: 5 },
  quietMs: 40_000,
};
const FULL = {
  uploads: 2_000,
  rounds: 2,
  lanes: 2,
  shutdowns: 50,
  severity: { brokerDownMs: 120_000, databaseDownMs: 10_000, joins: 30, weatherMs: 3_000, cuts: 30 },
  // longer than the longest pause before an event that could not be published is tried again: 10 min and a fifth
  quietMs: 900_000,
};
const SITE = { pipelines: 3, captioners: 2, sessionTimeoutMs: 6_000, leaseMs: 4_000 };
const MAX_EXIT_MS = 30_000;

describeWith([requirements.kafka()], 'uploads through a site where everything breaks', () => {
  it.each(seeds)(
    'are all captioned, none twice, each its own, each told of (seed %i)',
    async (seed) => {
      const report = await runChaos({ ...SITE, ...(isFull ? FULL : SHORT), seed });
      print(report);
      expect(complaints(report.verdict), await keepWords(report)).toEqual([]);
      expect(neverHappened(report), 'a run without them proves less than it says').toEqual([]);
      for (const exit of report.shutdowns) {
        expect(exit.with).toBe(0);
        expect(exit.afterMs).toBeLessThanOrEqual(MAX_EXIT_MS);
      }
    },
    isFull ? 3_600_000 : 600_000,
  );
});

const neverHappened = ({ faults }: ChaosReport): string[] =>
  Object.entries(faults).flatMap(([name, { injected }]) => (injected === 0 ? [name] : []));

/** Where what every process said can be read, should there be a complaint. */
async function keepWords({ seed, words }: ChaosReport): Promise<string> {
  const file = join(tmpdir(), `housestyle-chaos-${seed}.log`);
  await writeFile(file, words());
  return `what they said is in ${file}`;
}

function print({ seed, verdict, faults, shutdowns, failures, ownExits, seconds }: ChaosReport): void {
  const times = shutdowns.map(({ afterMs }) => afterMs).sort((a, b) => a - b);
  console.log(`seed ${seed}; seconds: ${JSON.stringify(seconds)}`);
  console.table(faults);
  console.table({
    ...verdict,
    shutdowns: times.length,
    'longest shutdown, ms': times.at(-1) ?? 0,
    'processes that ended by themselves': ownExits.length,
  });
  for (const lines of [failures, ownExits]) if (lines.length > 0) console.log(lines.join('\n'));
}
