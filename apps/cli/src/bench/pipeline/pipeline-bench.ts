import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Precision } from '@housestyle/clipcap';
import { CaptionerClient, type CaptionItem } from '@housestyle/contracts/captioner';
import {
  Database,
  LandingRepository,
  listen,
  prepareDatabase,
  provisionTenants,
  SUGGESTION_CHANNEL,
  type Subscription,
} from '@housestyle/database';
import { DomainError, tenantId, type TenantId } from '@housestyle/domain';
import { decodeImage, resizeForClip } from '@housestyle/imaging';
import { processTimes } from '../measure/process-time.js';
import { madeUpPictures, sizeOf } from '../synthetic/made-up-pictures.js';
import type { HeldUp } from './loop-probe.js';
import { freePort, RunningApps, type Cores, type RunningApp } from './running-apps.js';
import { scrape, type ScrapedMetrics } from './scraped-metrics.js';

export interface PipelineBenchSettings {
  /** directory of the base model, and what it calls itself. */
  readonly model: { readonly directory: string; readonly name: string };
  readonly tenants: number;
  readonly megapixels: number;
  readonly precision: Precision;
  /** the last so many, for the captioner alone; the rest is the other programs'. 0: all share all. */
  readonly captionerCores: number;
  /** everything lies here; it is the caller's to remove. */
  readonly folder: string;
}

/** Seconds of processor time, by who spent them; undefined where the system does not tell. */
export interface ProcessorSeconds {
  readonly captioner: number;
  readonly pipeline: number;
  readonly decoding: number;
  readonly database: number;
}

/** The two programs whose memory and event loop are watched. */
export const WATCHED = ['captioner', 'pipeline'] as const;
export type Watched = (typeof WATCHED)[number];

export interface PipelineRun {
  readonly wallMs: number;
  readonly processor: ProcessorSeconds | undefined;
  /** as it was during the run: the first before anything landed. */
  readonly samples: readonly Sample[];
  /** their event loops. */
  readonly heldUp: Readonly<Record<Watched, HeldUp | undefined>>;
}

export type Sample = Readonly<Record<Watched, ScrapedMetrics>>;

/** The real programs with a database of their own: captioner, pipeline, PostgreSQL. No broker. */
export class PipelineBench {
  private constructor(
    private readonly apps: RunningApps,
    private readonly watched: Readonly<Record<Watched, RunningApp>>,
    private readonly databasePid: number,
    private readonly client: CaptionerClient,
    private readonly database: Database,
    private readonly parts: {
      readonly baseModel: string;
      readonly tenants: readonly TenantId[];
      readonly files: readonly string[];
      readonly pixels: readonly Uint8Array[];
    },
  ) {}

  static async start(settings: PipelineBenchSettings): Promise<PipelineBench> {
    const { model, tenants, megapixels, precision, folder } = settings;
    const apps = new RunningApps();
    const cores = divideCores(settings.captionerCores);
    try {
      const postgres = await apps.startPostgres(join(folder, 'database'), cores.others);
      const urls = await prepareDatabase(postgres.url);
      const ids = Array.from({ length: tenants }, () => tenantId(randomUUID()));
      const named = ids.map((id, n) => ({ id, name: `Tenant ${n + 1}`, baseModel: model.name }));
      await provisionTenants(postgres.url, named);
      const pictures = join(folder, 'pictures');
      const files = await writePictures(pictures, megapixels);

      const port = await freePort();
      const captionerSettings = {
        CAPTIONER_PORT: String(port),
        MODEL_DIRECTORIES: model.directory,
        PRECISION: precision,
        ARTEFACT_STORE: join(folder, 'artefacts'),
        MAPPER_CACHE: join(folder, 'mapper-cache'),
      };
      const captioner = await apps.start('captioner', captionerSettings, cores.captioner);
      const address = `127.0.0.1:${port}`;
      const pipelineSettings = {
        DATABASE_URL: postgres.url,
        CAPTIONER_ADDRESS: address,
        UPLOAD_STORE: join(folder, 'uploads'),
        FILE_ROOTS: pictures,
      };
      const pipeline = await apps.start('pipeline', pipelineSettings, cores.others);
      const client = new CaptionerClient(address);
      const { baseModels } = await client.listBaseModels();
      const imageSize = baseModels.find(({ name }) => name === model.name)!.imageSize;
      const pixels = await Promise.all(
        files.map(async ({ bytes }) => resizeForClip(await decodeImage(bytes), imageSize)),
      );
      return new PipelineBench(
        apps,
        { captioner, pipeline },
        postgres.pid,
        client,
        await Database.open(urls, { maxConnections: 2 }),
        { baseModel: model.name, tenants: ids, files: files.map(({ uri }) => uri), pixels },
      );
    } catch (error) {
      await apps.stop();
      throw error;
    }
  }

  /** The captioner alone: prepared pictures, as many calls at once and as large as the pipeline's. */
  async runCaptioner(images: number): Promise<{ readonly wallMs: number; readonly processor?: number | undefined }> {
    const { baseModel, pixels } = this.parts;
    const { pid } = this.watched.captioner;
    const before = await processTimes(pid);
    const begun = performance.now();
    let next = 0;
    const caller = async (): Promise<void> => {
      while (next < images) {
        const from = next;
        next = Math.min(images, from + CALL_ITEMS);
        const items = Array.from({ length: next - from }, (_, n): CaptionItem => ({
          id: String(n),
          pixels: { rgb: pixels[(from + n) % pixels.length]! },
        }));
        const { results } = await this.client.caption({ baseModel, items }, { deadlineMs: DEADLINE_MS });
        const failed = results.find(({ status }) => status.code !== 'ok');
        if (failed) throw new DomainError('internal', `the captioner refused a picture: ${failed.status.message}`);
      }
    };
    await Promise.all(Array.from({ length: CALLS }, caller));
    const wallMs = performance.now() - begun;
    const after = await processTimes(pid);
    return { wallMs, processor: after && before && after.own - before.own };
  }

  /** From rows that have just landed to the last suggestion. */
  async runPipeline(images: number): Promise<PipelineRun> {
    const { tenants, files } = this.parts;
    const version = randomUUID();
    const uploads = Array.from({ length: images }, (_, n) => ({
      tenantId: tenants[n % tenants.length]!,
      assetId: String(n),
      version,
      uri: files[n % files.length]!,
    }));
    const samples = [await this.sample()];
    const wanted = (samples[0]!.pipeline.get(CAPTIONED) ?? 0) + images;
    const before = await this.processorSeconds();
    await this.heldUp();
    const begun = performance.now();
    await new LandingRepository(this.database).land(uploads);
    for (let captioned = 0; captioned < wanted;) {
      await delay(SAMPLE_MS);
      const sample = await this.sample();
      samples.push(sample);
      captioned = sample.pipeline.get(CAPTIONED) ?? 0;
      const failed = sample.pipeline.get(FAILED) ?? 0;
      if (failed > 0) throw new DomainError('internal', `${failed} pictures failed in the pipeline`);
    }
    const wallMs = performance.now() - begun;
    const after = await this.processorSeconds();
    const heldUp = await this.heldUp();
    return { wallMs, processor: after && before && difference(after, before), samples, heldUp };
  }

  /** Both programs' metrics as they are now. */
  async sample(): Promise<Sample> {
    const { captioner, pipeline } = this.watched;
    return { captioner: await scrape(captioner.metricsUrl), pipeline: await scrape(pipeline.metricsUrl) };
  }

  /** How long single pictures take while nothing else is done, one after the other: of the captioner alone, and of all. */
  async latencies(pictures: number): Promise<{ readonly captionerMs: number[]; readonly pipelineMs: number[] }> {
    const { baseModel, tenants, files, pixels } = this.parts;
    const request = { baseModel, items: [{ id: '0', pixels: { rgb: pixels[0]! } }] };
    const captionerMs = await timesOf(pictures, async () => {
      await this.client.caption(request, { deadlineMs: DEADLINE_MS });
    });
    let onSuggestion: () => void = () => undefined;
    let subscription: Subscription | undefined;
    await new Promise<void>((onConnected) => {
      const onNotification = (): void => onSuggestion();
      subscription = listen(this.database.urls.appUrl, SUGGESTION_CHANNEL, { onNotification, onConnected });
    });
    try {
      const landing = new LandingRepository(this.database);
      const pipelineMs = await timesOf(pictures, async (n) => {
        const captioned = new Promise<void>((resolve) => (onSuggestion = resolve));
        const place = { tenantId: tenants[0]!, assetId: `alone ${n}`, version: randomUUID(), uri: files[0]! };
        await landing.land([place]);
        await captioned;
      });
      return { captionerMs, pipelineMs };
    } finally {
      await subscription?.close();
    }
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.database.close();
    await this.apps.stop();
  }

  private async heldUp(): Promise<PipelineRun['heldUp']> {
    const { captioner, pipeline } = this.watched;
    return { captioner: await captioner.heldUp(), pipeline: await pipeline.heldUp() };
  }

  private async processorSeconds(): Promise<ProcessorSeconds | undefined> {
    const captioner = await processTimes(this.watched.captioner.pid);
    const pipeline = await processTimes(this.watched.pipeline.pid);
    const database = await processTimes(this.databasePid);
    if (!captioner || !pipeline || !database) return undefined;
    return {
      captioner: captioner.own,
      pipeline: pipeline.own,
      decoding: pipeline.children,
      database: database.own + database.children,
    };
  }
}

/** @throws DomainError `invalid_request` where nothing is left for one side */
function divideCores(captionerCores: number): { readonly captioner?: Cores; readonly others?: Cores } {
  if (captionerCores === 0) return {};
  const all = cpus().map((_, n) => n);
  if (captionerCores >= all.length) {
    throw new DomainError('invalid_request', `--captioner-cores: there are ${all.length}, and the others need one`);
  }
  return { captioner: all.slice(-captionerCores), others: all.slice(0, -captionerCores) };
}

/** In milliseconds, one after the other. */
async function timesOf(count: number, work: (n: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    await work(n);
    times.push(performance.now() - begun);
  }
  return times;
}

async function writePictures(folder: string, megapixels: number) {
  await mkdir(folder, { recursive: true });
  const pictures = await madeUpPictures(DIFFERENT_PICTURES, sizeOf(megapixels));
  return Promise.all(
    pictures.map(async (bytes, n) => {
      const file = join(folder, `${n}.jpg`);
      await writeFile(file, bytes);
      return { bytes, uri: pathToFileURL(file).href };
    }),
  );
}

const difference = (after: ProcessorSeconds, before: ProcessorSeconds): ProcessorSeconds => ({
  captioner: after.captioner - before.captioner,
  pipeline: after.pipeline - before.pipeline,
  decoding: after.decoding - before.decoding,
  database: after.database - before.database,
});

const [CAPTIONED, FAILED] = ['housestyle_pipeline_captioned_total', 'housestyle_pipeline_failed_total'] as const;
/** as the pipeline calls. */
const [CALLS, CALL_ITEMS] = [3, 32] as const;
const [DEADLINE_MS, SAMPLE_MS] = [300_000, 250] as const;
const DIFFERENT_PICTURES = 8;
