import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeBaseModel, openBaseModel, readBaseReplay, writeMapperArtefact } from '@housestyle/checkpoints';
import { ClipImageEncoder, hasTextTower, type BaseModelFiles } from '@housestyle/clipcap';
import { divideCaptions, DomainError, PictureNames, pictureSignature } from '@housestyle/domain';
import { OnnxGraphRunner, runnersBeside, WorkerPool, type Device } from '@housestyle/runtime';
import {
  createAdapt,
  type AdaptationExample,
  type AdaptationInput,
  type AdaptDependencies,
  type CaptionOrder,
  type GeneratedCaption,
} from '@housestyle/training';
import { adaptationReport } from './adapt-report.js';
import { readCaptionsFile, type CaptionedFile } from '../datasets/captions-file.js';
import { encodePictures } from '../features/encode-pictures.js';
import { reportFailure } from '../features/failure-report.js';
import { expectFolder, expectFree, picturesIn } from '../folders.js';
import { ModelLibrary } from '../model-library.js';
import { ProgressBar } from '../progress-bar.js';
import { readPicture } from '../read-picture.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from '../terminal.js';
import { counted } from '../wording.js';

export interface AdaptOptions {
  readonly model: string;
  readonly images: string;
  readonly captions: string;
  readonly out: string;
  /** writes a refused mapper too. */
  readonly force: boolean;
  readonly seed: number;
  readonly device?: Device;
  readonly json: boolean;
}

/**
 * The trainer's own recipe and gate on a folder of pictures and what people say of them. @returns the exit code: a
 * refusal is a failure, unless it was overruled
 */
export async function adaptMapper(options: AdaptOptions, terminal: Terminal): Promise<number> {
  await expectFree(options.out);
  await expectFolder(options.images);
  const captions = await readCaptionsFile(options.captions);
  const folder = await (await ModelLibrary.find()).resolve(options.model);
  const description = await describeBaseModel(folder);
  const base = await openBaseModel(folder, description);
  const replay = await readBaseReplay(folder);
  if (replay.length === 0 && !hasTextTower(base.clip)) {
    const lacking = `${description.name} brings neither pictures to replay nor a CLIP with a text tower`;
    terminal.complain(`${lacking}: whatever is learned will be refused (docs/models.md)`);
  }
  const { device = 'cpu' } = options;
  const runner = new OnnxGraphRunner({ device });
  const examples = await readExamples(captions, { base, runner, options, terminal });
  const { training, holdOut } = divideCaptions(examples, new Set(), new Set());
  const adapt = createAdapt({ base, runner, replay, ...(device === 'cpu' && threadsFor({ folder, description })) });
  const input: AdaptationInput = { training, holdOut, mayStartFromChampion: true, seed: options.seed };
  const outcome = await adapt(input, watched(terminal));
  const isPromoted = outcome.decision === 'promote';
  const isWritten = (isPromoted || options.force) && outcome.candidate !== undefined;
  if (isWritten) {
    await mkdir(dirname(options.out), { recursive: true });
    await writeMapperArtefact(options.out, { ...outcome.candidate, base: description });
  }
  const out = isWritten ? options.out : undefined;
  const counts = { training: training.length, holdOut: holdOut.length };
  terminal.print(adaptationReport(outcome, { out, counts }, options.json));
  return isWritten ? EXIT_OK : EXIT_FAILED;
}

/** What takes part in a run beside this thread, a core for each. */
function threadsFor(workerData: object): Pick<AdaptDependencies, 'parallelRunners' | 'openCaptionThreads'> {
  const parallelRunners = runnersBeside();
  const script = new URL('./caption.worker.js', import.meta.url);
  const size = parallelRunners.length + 1;
  const openCaptionThreads = () => new WorkerPool<CaptionOrder, GeneratedCaption[]>({ script, size, workerData });
  return { parallelRunners, openCaptionThreads };
}

interface Reading {
  readonly base: BaseModelFiles;
  readonly runner: OnnxGraphRunner;
  readonly options: AdaptOptions;
  readonly terminal: Terminal;
}

/** The lines' pictures as the trainer would know them; the lines' order is the reviews'. */
async function readExamples(
  captions: readonly CaptionedFile[],
  { base, runner, options, terminal }: Reading,
): Promise<AdaptationExample[]> {
  const { images, json } = options;
  const files = [...new Set(captions.map(({ file }) => file))];
  const encoder = await ClipImageEncoder.load(base.clip, runner);
  const embeddings = new Map<string, Float32Array>();
  const progress = new ProgressBar(terminal, files.length);
  const read = (file: string) => readPicture(join(images, file), encoder.imageSize);
  for await (const outcomes of encodePictures(files, read, encoder)) {
    for (const outcome of outcomes) {
      if ('embedding' in outcome) embeddings.set(outcome.picture, outcome.embedding);
      else {
        progress.clear();
        reportFailure({ name: outcome.picture, error: outcome.error }, json, terminal);
      }
    }
    progress.advance(outcomes.length);
  }
  progress.clear();
  await encoder.release();
  if (embeddings.size === 0)
    throw new DomainError('invalid_request', `none of the pictures in ${images} could be read`);
  if (embeddings.size < files.length) {
    terminal.complain(`left out ${counted(files.length - embeddings.size, 'picture')} that could not be read`);
  }
  await mentionStrangers(images, new Set(files), terminal);
  const names = new PictureNames();
  return captions.flatMap(({ file, caption }, n) => {
    const embedding = embeddings.get(file);
    if (!embedding) return [];
    const imageKey = names.nameOf(pictureSignature(embedding).join(), embedding);
    return [{ id: file, embedding, text: caption, isCorrected: true, reviewedAt: new Date(n), imageKey }];
  });
}

/** Says how many pictures of the folder no line names. */
async function mentionStrangers(images: string, named: ReadonlySet<string>, terminal: Terminal): Promise<void> {
  const strangers = (await picturesIn(images)).filter((name) => !named.has(name));
  if (strangers.length > 0)
    terminal.complain(`${counted(strangers.length, 'picture')} in ${images} without a caption: not used`);
}

/** Progress on the terminal; nothing is kept between starts: a run takes seconds. */
function watched(terminal: Terminal) {
  return {
    onProgress: ({ step, steps, loss, stage }: { step: number; steps: number; loss: number; stage: string }) => {
      const bar = new ProgressBar(terminal, steps);
      if (step < steps) bar.show(step, steps, `${stage}  loss ${loss.toFixed(3)}`);
      else bar.clear();
    },
    signal: new AbortController().signal,
    checkpoint: { load: async () => undefined, save: async () => undefined },
  };
}
