import { Random } from '../support/random.js';
import { waitFor } from '../support/wait-for.js';
import { readFailures, readTables, readTopics } from './account.js';
import { captionDirectly } from './bare-captioner.js';
import { check, type Verdict } from './checker.js';
import { drain } from './drain.js';
import { FAULTS, type Fault, type Severity } from './faults.js';
import type { Exit, Member } from './member.js';
import { startSite, type Site, type SiteOptions } from './site.js';
import { publishPatiently, Workload } from './workload.js';

/** so that a slice stays large enough to be at work */
const MAX_SLICES_OF_SHUTDOWNS = 25;
/** beside its own, for a failpoint that is not reached with that */
const SPARE_SLICES_OF_FAILPOINT = 2;
const UNTIL_MORE_WORK_MS = 5_000;

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
  /** why uploads failed, each in a line */
  readonly failures: readonly string[];
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
    const failpoints = schedule.filter(({ isFailpoint }) => isFailpoint).length;
    const ofShutdowns = Math.min(options.shutdowns, MAX_SLICES_OF_SHUTDOWNS);
    const parts = schedule.length + SPARE_SLICES_OF_FAILPOINT * failpoints + ofShutdowns;
    const slices = workload.deliveries(parts, random);
    const faults = Object.fromEntries(FAULTS.map(({ name }) => [name, { injected: 0, missed: 0 }]));

    const publishNext = async (): Promise<void> => {
      const slice = slices.shift();
      if (slice) await publishPatiently(site.broker.brokers, slice);
    };
    let spare = SPARE_SLICES_OF_FAILPOINT * failpoints;
    const work = async ({ isFailpoint }: Fault, isOver: () => boolean): Promise<void> => {
      await publishNext();
      while (isFailpoint && !isOver()) {
        const isReached = await waitFor('the failpoint', isOver, { timeoutMs: UNTIL_MORE_WORK_MS }).catch(() => false);
        if (!isReached && spare-- > 0) await publishNext();
      }
    };

    // a generator of its own for each: which lane is faster must not change what is drawn
    const planned = schedule.map((fault) => ({ fault, random: new Random(random.between(0, 2 ** 31)) }));
    const underWay = new Set<Fault>();
    const lane = async (): Promise<void> => {
      for (let next = takeNext(planned, underWay); next; next = takeNext(planned, underWay)) {
        const { fault } = next;
        let isOver = false;
        underWay.add(fault);
        const injecting = fault.inject(site, next.random, options.severity).finally(() => {
          isOver = true;
          underWay.delete(fault);
        });
        const [isReached] = await Promise.all([injecting, work(fault, () => isOver)]);
        faults[fault.name]![isReached ? 'injected' : 'missed'] += 1;
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
      failures: await readFailures(site.database),
      ownExits: members.flatMap(({ name, ownExits }) => ownExits.map((exit) => `${name}: ${exit.with}`)),
      seconds: { start, faults: broken, shutdowns: stopped, drain: lap() },
      words: () => words,
    };
  } finally {
    await site.stop();
  }
}

/** The next that is not on its way already: what is down cannot be taken down, and would be started twice. */
function takeNext<T extends { readonly fault: Fault }>(planned: T[], underWay: ReadonlySet<Fault>): T | undefined {
  const index = planned.findIndex(({ fault }) => !underWay.has(fault));
  return index < 0 ? undefined : planned.splice(index, 1)[0];
}

/** What each file's picture is captioned when nothing is in the way. */
async function directCaptions({ fleet }: Site, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return (await captionDirectly(fleet.client, files)).captions;
}

/**
 * SIGTERMs one process after another under load, in two halves, each when all of its own can work: one that is still
 * starting, having ended by itself after a fault, would die of the signal.
 */
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
      await Promise.all(half.map((member) => member.untilReady()));
      exits.push(await random.pick(half).terminate());
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
