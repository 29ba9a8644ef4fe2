import { readTables, readTopics } from './account.js';
import { captionDirectly } from './bare-captioner.js';
import { check, type Verdict } from './checker.js';
import { drain } from './drain.js';
import { FAULTS, type Severity } from './faults.js';
import type { Exit, Member } from './member.js';
import { Random } from './random.js';
import { startSite, type Site, type SiteOptions } from './site.js';
import { publishPatiently, Workload } from './workload.js';

/** so that a slice stays large enough to be at work */
const MAX_SLICES_OF_SHUTDOWNS = 25;

export interface ChaosOptions extends SiteOptions {
  readonly seed: number;
  readonly uploads: number;
  /** how many times each fault comes, in an order that the seed decides */
  readonly rounds: number;
  /** how many faults are on their way at once */
  readonly lanes: number;
  readonly shutdowns: number;
  readonly severity: Severity;
  /** the drain is over when nothing has changed for so long */
  readonly quietMs: number;
}

export interface ChaosReport {
  readonly seed: number;
  readonly verdict: Verdict;
  /** by the fault's name: how often it was injected, and how often its failpoint was not reached */
  readonly faults: Readonly<Record<string, { readonly injected: number; readonly missed: number }>>;
  readonly shutdowns: readonly Exit[];
  /** processes that ended by themselves, and were started again */
  readonly ownExits: readonly string[];
  /** of each phase */
  readonly seconds: Readonly<Record<'start' | 'faults' | 'shutdowns' | 'drain', number>>;
  /** what the members have said, for a verdict that has to be understood */
  readonly words: () => string;
}

/** One run: events in slices, a fault with each; rolling shutdowns under load; a drain; the account. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const lap = stopwatch();
  const random = new Random(options.seed);
  const site = await startSite(options);
  try {
    const workload = Workload.plan(site.uploadTopic, site.tenants, options.uploads, random);
    const captions = await directCaptions(site, workload.files);
    const schedule = random.shuffled(Array.from({ length: options.rounds }, () => FAULTS).flat());
    const slices = workload.deliveries(schedule.length + Math.min(options.shutdowns, MAX_SLICES_OF_SHUTDOWNS), random);
    const faults = Object.fromEntries(FAULTS.map(({ name }) => [name, { injected: 0, missed: 0 }]));

    const publishNext = async (): Promise<void> => {
      const slice = slices.shift();
      if (slice) await publishPatiently(site.broker.brokers, slice);
    };
    // a generator of its own for each: which lane is faster must not change what is drawn
    const planned = schedule.map((fault) => ({ fault, random: new Random(random.between(0, 2 ** 31)) }));
    const lane = async (): Promise<void> => {
      for (let next = planned.shift(); next; next = planned.shift()) {
        const publishing = publishNext();
        const isReached = await next.fault.inject(site, next.random, options.severity);
        await publishing;
        faults[next.fault.name]![isReached ? 'injected' : 'missed'] += 1;
      }
    };
    const start = lap();
    await Promise.all(Array.from({ length: options.lanes }, lane));
    const broken = lap();
    const shutdowns = await rollingShutdowns(site, options.shutdowns, random, publishNext);
    while (slices.length > 0) await publishNext();
    const stopped = lap();

    const lag = await drain(site, options.quietMs);
    const verdict = check(workload.sent(captions), {
      ...(await readTables(site.database)),
      ...(await readTopics(site.broker.brokers, site.uploadTopic, new Set(site.tenants))),
      lag,
    });
    const members = [...site.fleet.pipelines, ...site.fleet.captioners];
    const words = members.map((member) => `== ${member.name}\n${member.words()}`).join('\n');
    return {
      seed: options.seed,
      verdict,
      faults,
      shutdowns,
      ownExits: members.flatMap(({ name, ownExits }) => ownExits.map((exit) => `${name}: ${exit.with}`)),
      seconds: { start, faults: broken, shutdowns: stopped, drain: lap() },
      words: () => words,
    };
  } finally {
    await site.stop();
  }
}

/** What each file's picture is captioned when nothing is in the way. */
async function directCaptions({ fleet }: Site, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return (await captionDirectly(fleet.client, files)).captions;
}

/** SIGTERMs one process after another under load, each of two halves when its last can work again. */
async function rollingShutdowns(
  { fleet }: Site,
  count: number,
  random: Random,
  publishNext: () => Promise<void>,
): Promise<Exit[]> {
  const members = [...fleet.captioners, ...fleet.pipelines];
  const exits: Exit[] = [];
  let left = count;
  const roll = async (half: readonly Member[]): Promise<void> => {
    while (left-- > 0) {
      await publishNext();
      const member = random.pick(half);
      exits.push(await member.terminate());
      await member.untilReady();
    }
  };
  await Promise.all([0, 1].map((parity) => roll(members.filter((_, n) => n % 2 === parity))));
  return exits;
}

/** Seconds since it was last asked. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const seconds = Math.round((performance.now() - last) / 1000);
    last = performance.now();
    return seconds;
  };
}
