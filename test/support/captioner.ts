import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeBaseModel, writeMapperArtefact, type NewMapperArtefact } from '@housestyle/checkpoints';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import { decodeImage, resizeForClip } from '@housestyle/imaging';
import { startApp, type AppProcess } from './app-process.js';
import { freePorts } from './free-port.js';

export const DEMO_MODEL = 'models/demo';
/** of one side; what the demo base takes. */
export const DEMO_IMAGE_SIZE = 64;

export interface RunningCaptioner {
  readonly app: AppProcess;
  readonly client: CaptionerClient;
  /** host:port of the gRPC server. */
  readonly address: string;
  readonly metricsUrl: string;
  /** root of the artefact store. */
  readonly artefacts: string;
  readonly mapperCache: string;
  /** Stops the process (if it still runs) and removes its folders. */
  close(): Promise<void>;
}

/** A captioner process of its own, serving the demo base, with an empty artefact store. */
export async function startCaptioner(environment: Readonly<Record<string, string>> = {}): Promise<RunningCaptioner> {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-captioner-'));
  const [artefacts, mapperCache] = [join(folder, 'artefacts'), join(folder, 'mapper-cache')];
  const [port, metricsPort] = await freePorts(2);
  const metricsUrl = `http://127.0.0.1:${metricsPort}`;
  const app = await startApp('captioner', {
    environment: {
      CAPTIONER_PORT: String(port),
      METRICS_PORT: String(metricsPort),
      MODEL_DIRECTORIES: DEMO_MODEL,
      ARTEFACT_STORE: artefacts,
      MAPPER_CACHE: mapperCache,
      WORKERS: '1',
      THREADS_PER_WORKER: '1',
      ...environment,
    },
    readyUrl: `${metricsUrl}/readyz`,
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const address = `127.0.0.1:${port}`;
  const client = new CaptionerClient(address);
  const close = async (): Promise<void> => {
    client.close();
    if (app.process.exitCode === null && app.process.signalCode === null) await app.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { app, client, address, metricsUrl, artefacts, mapperCache, close };
}

/** A picture file as the captioner takes it: [64, 64, 3] bytes. */
export async function demoPixels(file: string): Promise<Uint8Array> {
  return resizeForClip(await decodeImage(await readFile(file)), DEMO_IMAGE_SIZE);
}

/** Registers the mapper in `directory` as an artefact for the demo base under `key` of a file store. */
export async function putMapperArtefact(artefacts: string, key: string, directory: string): Promise<MapperReference> {
  const { name, sha256: baseSha256 } = await describeBaseModel(DEMO_MODEL);
  const folder = join(artefacts, key);
  await mkdir(folder, { recursive: true });
  const files: Record<string, string> = {};
  for (const file of ['config.json', 'model.safetensors']) {
    await copyFile(join(directory, file), join(folder, file));
    files[file] = sha256Of(await readFile(join(folder, file)));
  }
  const manifest = JSON.stringify({ files, base: { name, sha256: baseSha256 } });
  await writeFile(join(folder, 'manifest.json'), manifest);
  return { id: `mapper of ${key}`, sha256: sha256Of(manifest), key };
}

/** Writes deltas of the demo base as an artefact under `key` of a file store. */
export async function putDeltaArtefact(
  artefacts: string,
  key: string,
  delta: Omit<NewMapperArtefact, 'base'>,
): Promise<MapperReference> {
  const { name, sha256: baseSha256 } = await describeBaseModel(DEMO_MODEL);
  await mkdir(dirname(join(artefacts, key)), { recursive: true });
  const sha256 = await writeMapperArtefact(join(artefacts, key), { ...delta, base: { name, sha256: baseSha256 } });
  return { id: `delta of ${key}`, sha256, key };
}

const sha256Of = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
