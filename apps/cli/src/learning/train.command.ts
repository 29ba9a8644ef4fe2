import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import {
  captionsBeside,
  describeBaseModel,
  openBaseModel,
  readFeatures,
  writeBaseModel,
  writeMapperArtefact,
  type BaseModelDescription,
  type Features,
} from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import { readWeight, requireWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import type { Device } from '@housestyle/runtime';
import { train, type TrainingEngine } from '@housestyle/training';
import { expectFree } from '../folders.js';
import { ModelLibrary } from '../model-library.js';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { openTrainingEngine, type EngineName } from './training-engine.js';
import { planTraining, type TrainingPlan } from './training-plan.js';
import { tunesGpt2, type RecipeOptions } from './training-recipe.js';
import { UnfinishedTraining } from './unfinished-training.js';
import { counted, grouped, seconds } from '../wording.js';

export interface TrainOptions extends RecipeOptions {
  /** NAME.safetensors */
  readonly features: string;
  readonly model: string;
  readonly out: string;
  readonly device: Device;
  readonly engine: EngineName;
  /** updates between checkpoints. */
  readonly checkpointEvery: number;
  /** forgets what an interrupted run has done. */
  readonly restart: boolean;
  readonly json: boolean;
}

/** Trains a mapper, and GPT-2 where asked to, on features. Killed and run again, it goes on. @returns the exit code */
export async function trainMapper(options: TrainOptions, terminal: Terminal): Promise<number> {
  const begun = performance.now();
  await expectFree(options.out);
  const engine = await openTrainingEngine(options.engine, options.device);
  const folder = await (await ModelLibrary.find()).resolve(options.model);
  const description = await describeBaseModel(folder);
  const features = await readFeatures(options.features);
  expectSameClip(features, description, options);
  const plan = planTraining(await openBaseModel(folder, description), features, options);
  if (plan.cut > 0) terminal.complain(`${counted(plan.cut, 'caption')} too long for this GPT-2: cut`);
  const unfinished = await unfinishedTraining(options, description);
  const resumed = unfinished.resumeFrom?.step ?? 0;
  if (resumed > 0) terminal.complain(`going on after ${counted(resumed, 'update')} of ${grouped(plan.settings.steps)}`);
  const losses = await runPlan(engine, plan, unfinished, options, terminal);
  await writeResult(folder, description, features, plan, options);
  await unfinished.discard();
  const report = {
    out: options.out,
    use: tunesGpt2(options) ? '--model' : '--mapper',
    trainableParameters: [...plan.parameters.values()].reduce((sum, { data }) => sum + data.length, 0),
    captions: plan.examples.length,
    steps: plan.settings.steps,
    loss: losses.length === 0 ? undefined : losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    device: options.device,
    seconds: (performance.now() - begun) / 1000,
  };
  terminal.print(options.json ? JSON.stringify(report) : summary(report));
  return EXIT_OK;
}

async function unfinishedTraining(
  options: TrainOptions,
  { sha256 }: BaseModelDescription,
): Promise<UnfinishedTraining> {
  const { features, model, out, device, engine, restart } = options;
  const { official, mappingType, prefixLength, clipLength, numLayers, normalizePrefix } = options;
  const { epochs, batchSize, lr, warmUp, seed } = options;
  const folder = `${resolve(out)}.unfinished`;
  const tuneGpt2 = tunesGpt2(options);
  const network = { official, mappingType, prefixLength, clipLength, numLayers, tuneGpt2, normalizePrefix };
  const run = {
    model,
    base: sha256,
    features: await sha256Of(features),
    captions: await sha256Of(captionsBeside(features)),
    ...network,
    ...{ epochs, batchSize, lr, warmUp, seed, device, engine },
  };
  if (restart) await rm(folder, { recursive: true, force: true });
  return UnfinishedTraining.open(folder, run);
}

/** @returns the losses of the last epoch's updates. */
async function runPlan(
  engine: TrainingEngine,
  { model, parameters, examples, settings, updatesPerEpoch, dropout }: TrainingPlan,
  unfinished: UnfinishedTraining,
  { checkpointEvery, json }: TrainOptions,
  terminal: Terminal,
): Promise<number[]> {
  const session = await engine.compile(model, parameters, dropout && { dropout });
  const progress = new ProgressBar(terminal, settings.steps);
  const pace = new Pace();
  const losses: number[] = [];
  try {
    const { resumeFrom } = unfinished;
    await train({
      session,
      parameters,
      examples,
      settings,
      ...(resumeFrom && { resumeFrom }),
      checkpoint: { everySteps: checkpointEvery, save: (state) => unfinished.save(state) },
      onProgress: async ({ step, steps, loss, learningRateFactor }) => {
        losses.push(loss);
        if (json) terminal.print(JSON.stringify({ step, steps, loss, learningRateFactor }));
        else progress.show(step, steps, `loss ${loss.toFixed(3)}  ${pace.left(step, steps)}`);
        await new Promise((done) => setImmediate(done)); // Ctrl-C is heard between steps
      },
    });
  } finally {
    progress.clear();
    await session.release();
  }
  return losses.slice(-updatesPerEpoch);
}

/** How long the rest will take, going by this process's steps so far. */
class Pace {
  private first: { readonly step: number; readonly at: number } | undefined;

  left(step: number, steps: number): string {
    this.first ??= { step, at: performance.now() };
    if (step === this.first.step) return '';
    const perStep = (performance.now() - this.first.at) / (step - this.first.step);
    return `${seconds(((steps - step) * perStep) / 1000)} left`;
  }
}

async function writeResult(
  from: string,
  description: BaseModelDescription,
  features: Features,
  { config, parameters, model }: TrainingPlan,
  options: TrainOptions,
): Promise<void> {
  const { out } = options;
  const tensors = new Map([...parameters].filter(([name]) => name.startsWith('clip_project.')));
  if (!tunesGpt2(options)) {
    await writeMapperArtefact(out, { config, tensors, base: description });
    return;
  }
  const { name, version, licence } = description;
  await writeBaseModel(out, {
    from,
    gpt2: new Map([...allOf(model.gpt2.weights), ...[...parameters].filter(([each]) => !tensors.has(each))]),
    mapper: { config, tensors },
    provenance: `GPT-2 and mapper trained by \`housestyle train\` on ${counted(features.captions.length, 'caption')}; CLIP, tokenizers and GPT-2's start are ${name} ${version}'s`,
    ...(licence !== undefined && { licence }),
    replay: someOf(features),
  });
}

const allOf = (weights: WeightSource): [string, Tensor<'float32'>][] =>
  weights.names().map((name) => {
    const { dims } = requireWeight(weights, name);
    return [name, { type: 'float32', dims, data: readWeight(weights, name) }];
  });

/** Evenly out of all, as many as a base ships for tenants' training to replay. */
function someOf({ captions, embeddings, clipSha256 }: Features): Features {
  const stride = Math.max(1, captions.length / REPLAYED);
  const chosen = Array.from(
    { length: Math.min(REPLAYED, captions.length) },
    (_, n) => captions[Math.floor(n * stride)]!,
  );
  return {
    ...(clipSha256 !== undefined && { clipSha256 }),
    embeddings: chosen.map(({ row }) => embeddings[row]!),
    captions: chosen.map(({ caption }, row) => ({ caption, row })),
  };
}

const REPLAYED = 800;

interface Report {
  readonly out: string;
  readonly use: string;
  readonly trainableParameters: number;
  readonly captions: number;
  readonly steps: number;
  readonly loss: number | undefined;
  readonly device: string;
  readonly seconds: number;
}

const summary = ({ out, use, trainableParameters, captions, steps, loss, device, seconds: took }: Report): string =>
  [
    `${out}  (use it with ${use} ${out})`,
    `parameters  ${grouped(trainableParameters)} trained`,
    `captions    ${grouped(captions)}, ${counted(steps, 'update')}`,
    ...(loss === undefined ? [] : [`loss        ${loss.toFixed(4)} nats a token, over the last epoch`]),
    `time        ${seconds(took)} on ${device}`,
  ].join('\n');

function expectSameClip(features: Features, { name, files }: BaseModelDescription, { features: file }: TrainOptions) {
  const { clipSha256 } = features;
  if (clipSha256 === undefined || clipSha256 === files['clip/model.safetensors']) return;
  throw new DomainError(
    'invalid_request',
    `${file} was made with another CLIP than ${name}'s; run \`features\` with it`,
  );
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
