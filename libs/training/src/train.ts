import { DomainError } from '@housestyle/domain';
import { AdamW } from './adamw.js';
import { BatchPlan, batchesOfEpoch } from './batch-plan.js';
import { tokenWeight, type CaptionExample } from './caption-example.js';
import { addGradients, clippingScale, gradientNorm } from './gradients.js';
import type { Parameters } from './parameters.js';
import { Random } from './random.js';
import { scheduleFactor } from './schedule.js';
import type { StepResult, TrainingSession } from './training-engine.js';
import type {
  TrainingOutcome,
  TrainingProgress,
  TrainingRun,
  TrainingSettings,
  TrainingState,
} from './training-run.js';

/**
 * Trains the run's parameters in place. The same settings, examples and start give the same result, and so does a run
 * that is taken up from any of its checkpoints.
 * @throws DomainError `training_diverged` when loss or gradients are no longer numbers; the signal's reason when aborted.
 */
export async function train(run: TrainingRun): Promise<TrainingOutcome> {
  const { session, parameters, examples, settings, resumeFrom, checkpoint, signal } = run;
  if (examples.length === 0) throw new DomainError('invalid_request', 'there is nothing to train on');
  const optimizer = new AdamW(parameters, settings.optimizer);
  if (resumeFrom) restore(parameters, optimizer, resumeFrom);
  const plan = new BatchPlan(
    examples.map(({ tokens }) => tokens.length),
    settings,
  );
  if (plan.updatesPerEpoch === 0) {
    const message = `${examples.length} captions fill no batch of ${settings.batchSize}: give a smaller one`;
    throw new DomainError('invalid_request', message);
  }
  const replayed = replayPlanOf(settings);
  const rate = settings.learningRate;
  const rateOf = typeof rate === 'number' ? () => rate : rate;
  let [tokens, loss]: [number, number | undefined] = [0, undefined];
  for (let step = resumeFrom?.step ?? 0; step < settings.steps;) {
    signal?.throwIfAborted();
    const batches = batchesOf(plan, replayed, examples, settings, step);
    const update = await gradientsOf(session, batches, Random.of(settings.seed, DROPOUT, step));
    const norm = gradientNorm(update.gradients);
    if (!Number.isFinite(update.loss) || !Number.isFinite(norm)) {
      throw new DomainError('training_diverged', `loss ${update.loss}, gradient ${norm} in step ${step + 1}`);
    }
    const factor = scheduleFactor(settings.schedule, step, settings.steps);
    const scale = clippingScale(norm, settings.maxGradientNorm);
    optimizer.update(update.gradients, (name) => rateOf(name) * factor, scale);
    update.giveBack?.();
    step += 1;
    loss = update.loss;
    tokens += batches.flat().reduce((sum, example) => sum + example.tokens.length, 0);
    const { steps } = settings;
    const progress: TrainingProgress = { step, steps, loss, gradientNorm: norm, learningRateFactor: factor, tokens };
    if ((await run.onProgress?.(progress)) === 'stop') return { step, loss, isStoppedEarly: true };
    if (checkpoint && step % checkpoint.everySteps === 0) await checkpoint.save(stateOf(parameters, optimizer, step));
  }
  return { step: settings.steps, ...(loss === undefined ? {} : { loss }), isStoppedEarly: false };
}

/** How many updates `epochs` times all examples take. */
export const stepsOfEpochs = (
  count: number,
  epochs: number,
  settings: Pick<TrainingSettings, 'batchSize' | 'accumulation' | 'order'>,
) => Math.ceil(epochs * Math.ceil(batchesOfEpoch(count, settings) / settings.accumulation));

/** Which of the replayed examples come with which update: none comes again before all did, but those that fill no update. */
function replayPlanOf({ seed, replay }: TrainingSettings): BatchPlan | undefined {
  const lengths = replay?.examples.map(({ tokens }) => tokens.length) ?? [];
  const batchSize = Math.min(replay?.perUpdate ?? 0, lengths.length);
  if (batchSize === 0) return undefined;
  return new BatchPlan(lengths, {
    batchSize,
    accumulation: 1,
    seed: Random.of(seed, REPLAY).word(),
    order: 'shuffled',
  });
}

/** The update's examples, batch by batch, with their replay and their noise. */
function batchesOf(
  plan: BatchPlan,
  replayed: BatchPlan | undefined,
  examples: readonly CaptionExample[],
  { seed, replay, embeddingNoise }: TrainingSettings,
  step: number,
): CaptionExample[][] {
  const batches = plan.batches(step).map((batch) => batch.map((index) => examples[index]!));
  const drawn = replayed?.batches(step).flat() ?? [];
  drawn.forEach((index, n) => batches[n % batches.length]!.push(replay!.examples[index]!));
  if (!embeddingNoise) return batches;
  const random = Random.of(seed, NOISE, step);
  const noisy = (embedding: Float32Array) => embedding.map((value) => value + embeddingNoise * random.normal());
  return batches.map((batch) => batch.map((example) => ({ ...example, embedding: noisy(example.embedding) })));
}

async function gradientsOf(session: TrainingSession, batches: readonly CaptionExample[][], random: Random) {
  const normalizer = tokenWeight(batches.flat());
  let sum: StepResult | undefined;
  for (const batch of batches) {
    const part = await session.step(batch, { normalizer, dropoutSeed: random.word() });
    if (!sum) {
      sum = part;
      continue;
    }
    addGradients(sum.gradients, part.gradients);
    part.giveBack?.();
    sum = { ...sum, loss: sum.loss + part.loss };
  }
  return sum!;
}

function stateOf(parameters: Parameters, optimizer: AdamW, step: number): TrainingState {
  const own = [...parameters].map(([name, tensor]) => [`${PARAMETER}${name}`, tensor] as const);
  return { step, tensors: new Map([...own, ...optimizer.state()]) };
}

function restore(parameters: Parameters, optimizer: AdamW, { step, tensors }: TrainingState): void {
  for (const [name, { data }] of parameters) {
    const saved = tensors.get(`${PARAMETER}${name}`);
    if (saved?.data.length !== data.length) {
      throw new DomainError('corrupt_checkpoint', `the run to be resumed did not train ${name}, or not of this size`);
    }
    data.set(saved.data);
  }
  optimizer.restore(step, tensors);
}

const PARAMETER = 'parameter.';

/** The purposes of random streams; epochs are 1. */
const [REPLAY, NOISE, DROPOUT] = [2, 3, 4];
