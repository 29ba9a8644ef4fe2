import type { MapperVersionFiles } from '@housestyle/clipcap';
import { MemoryWeights, type Tensor } from '@housestyle/graph';
import { createAdapt, type Adapt, type AdaptationOutcome, type CheckpointStore } from '@housestyle/training';
import { beforeAll, describe, expect, it } from 'vitest';
import { demoAdapt, inputOf, textsOf, unwatched } from './demo-styles.mjs';

const TEXTS = textsOf('museum').map(({ text }) => text);
/** too few to hold any out */
const INPUT = inputOf(TEXTS, 24);

type Delta = ReadonlyMap<string, Tensor<'float32'>>;

/** What runs keep, as long as the test; `save` may be told of. */
class MemoryCheckpoints implements CheckpointStore {
  readonly values = new Map<string, unknown>();

  constructor(private readonly onSaved: (name: string) => void = () => undefined) {}

  async load<Value>(name: string): Promise<Value | undefined> {
    return structuredClone(this.values.get(name)) as Value | undefined;
  }

  async save(name: string, value: unknown): Promise<void> {
    this.values.set(name, structuredClone(value));
    this.onSaved(name);
  }
}

describe('a tenant of 24 captions', () => {
  const kept = new MemoryCheckpoints();
  let adapt: Adapt;
  let honest: AdaptationOutcome;

  beforeAll(async () => {
    ({ adapt } = await demoAdapt());
    honest = await adapt(INPUT, { ...unwatched(), checkpoint: kept });
  });

  /** The same run, its folds learned already, with what `change` makes of the candidate. */
  async function judged(change: (delta: Delta) => Delta, champion?: MapperVersionFiles, mayStartFromChampion = true) {
    const checkpoint = new MemoryCheckpoints();
    for (const [name, value] of kept.values) checkpoint.values.set(name, value);
    const { delta, ...rest } = kept.values.get('candidate') as { delta: Delta };
    checkpoint.values.set('candidate', { ...rest, delta: change(delta) });
    const input = { ...INPUT, ...(champion && { champion }), mayStartFromChampion };
    return adapt(input, { ...unwatched(), checkpoint });
  }

  it('is given what it taught', () => {
    expect(honest.reason).toBe('better');
    const { champion, candidate, candidateOnLearned } = honest.figures;
    expect(honest.figures.isCrossValidated).toBe(true);
    expect(candidate.editDistance).toBeLessThan(champion.editDistance / 2);
    expect(candidateOnLearned!.editDistance).toBeLessThan(champion.editDistance / 2);
  });

  it('is given no candidate that learned nothing itself, however well its folds did', async () => {
    const { decision, reason, figures } = await judged((delta) => withValues(delta, () => 0));
    expect(figures.candidate).toMatchObject({ stoppedShare: honest.figures.candidate.stoppedShare });
    expect(decision).toBe('refuse');
    expect(reason).toContain('not_better');
  });

  it('is given another champion than one that learned from what was erased', async () => {
    const champion = filesOf(honest);
    const beside = await judged((delta) => delta, champion);
    expect(beside.reason).toContain('not_better'); // it knows by heart what each fold has to do without
    const { decision, figures } = await judged((delta) => delta, champion, false);
    expect(decision).toBe('promote');
    expect(figures.champion).toEqual(honest.figures.champion); // the base's
  });
});

describe('a run that is stopped in the middle of its updates', () => {
  it('comes, taken up again, to what it would have come to', { timeout: 600_000 }, async () => {
    const { base, runner } = await demoAdapt();
    const adapt = createAdapt({ base, runner, replay: [] }); // and looks for its best delta on the way
    const whole = await adapt(INPUT, unwatched());

    let stop = new AbortController();
    const saved: string[] = [];
    const checkpoint = new MemoryCheckpoints((name) => {
      saved.push(name);
      stop.abort(new Error('the trainer is stopping'));
    });
    let outcome: AdaptationOutcome | undefined;
    while (!outcome) {
      stop = new AbortController();
      outcome = await adapt(INPUT, { ...unwatched(), checkpoint, signal: stop.signal }).catch(() => undefined);
    }
    expect(saved[0]).toBe('choosing.unfinished');
    expect({ ...outcome, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
  });
});

function filesOf({ candidate }: AdaptationOutcome): MapperVersionFiles {
  const { config, decoderDelta } = candidate!;
  return { config, decoderDelta: new MemoryWeights('candidate', decoderDelta as Delta) };
}

const withValues = (delta: Delta, change: (value: number) => number): Delta =>
  new Map([...delta].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map(change) }]));
