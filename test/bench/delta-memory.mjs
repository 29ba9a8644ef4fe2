/**
 * What tenants' deltas take in memory: a captioner with a model of real size (random weights, those of
 * `housestyle bench decode`) captions a picture of each of many tenants, again and again until each of its threads has met
 * every one, and its resident memory is read when half of them are known and when all are. A tenant has a rank-8 delta of
 * the decoder's linear layers, 4.7 MB, or with `--words` of its word table too, 6.4 MB. After a build:
 * `node test/bench/delta-memory.mjs [--weights DIR] [--tenants 1000] [--workers 2] [--precision int8] [--words]`.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { openBaseModel, writeMapperArtefact } from '@housestyle/checkpoints';
import { CaptionerClient, embeddingToBytes } from '@housestyle/contracts/captioner';
import { openBenchFolder } from '../../apps/cli/dist/bench/bench-model.js';
import { freePort, RunningApps } from '../../apps/cli/dist/bench/pipeline/running-apps.js';
import { decoderLayers, randomDelta, wordLayer } from '../support/random-delta.mjs';
import { readOptions } from './read-options.mjs';

const options = readOptions(import.meta.url, {
  weights: { type: 'string', default: '.housestyle/bench' },
  tenants: { type: 'string', default: '1000' },
  workers: { type: 'string', default: '2' },
  precision: { type: 'string', default: 'int8' },
  words: { type: 'boolean', default: false },
});
const [tenants, workers] = [options.tenants, options.workers].map(Number);
const [TURNS, CALL_ITEMS] = [4 * workers, 32];

const directory = await openBenchFolder('vit-b-32,gpt2', options.weights);
const base = await openBaseModel(directory);
const folder = path.resolve(options.weights, 'delta-memory');
await rm(folder, { recursive: true, force: true });
const apps = new RunningApps();
try {
  const mappers = await writeTenants();
  const port = await freePort();
  const captioner = await apps.start('captioner', {
    CAPTIONER_PORT: String(port),
    MODEL_DIRECTORIES: directory,
    PRECISION: options.precision,
    WORKERS: String(workers),
    THREADS_PER_WORKER: '1',
    ARTEFACT_STORE: path.join(folder, 'artefacts'),
    MAPPER_CACHE: path.join(folder, 'mapper-cache'),
    MAPPER_CACHE_BYTES: String(64 * 1024 ** 3),
    MAPPER_CACHE_DISK_BYTES: String(64 * 1024 ** 3),
  });
  const client = new CaptionerClient(`127.0.0.1:${port}`);
  const half = await residentWith(mappers.slice(0, tenants / 2));
  const all = await residentWith(mappers);
  client.close();
  const bytesOfATenant = Math.round((all - half) / (tenants / 2));
  console.log(JSON.stringify({ ...options, tenants, workers, half, all, bytesOfATenant }));

  async function residentWith(some) {
    for (let turn = 1; turn <= TURNS; turn++) {
      for (let from = 0; from < some.length; from += CALL_ITEMS) {
        await caption(client, some.slice(from, from + CALL_ITEMS));
      }
      process.stderr.write(`\r${some.length} tenants, turn ${turn} of ${TURNS} `);
    }
    process.stderr.write('\n');
    return residentBytes(captioner.pid);
  }
} finally {
  await apps.stop();
  await rm(folder, { recursive: true, force: true });
}

/** One delta under as many names: what it is said to end with makes each another artefact. */
async function writeTenants() {
  const { weights } = base.gpt2;
  const layers = [...decoderLayers(weights), ...(options.words ? [wordLayer(weights)] : [])];
  const decoderDelta = randomDelta(layers, 8, 1, 0.3);
  const mappers = [];
  for (let n = 0; n < tenants; n++) {
    const key = `tenant-${n}`;
    const config = { ...base.mapper.config, generation: { stop: [n] } };
    const sha256 = await writeMapperArtefact(path.join(folder, 'artefacts', key), { config, decoderDelta, base });
    mappers.push({ id: key, key, sha256 });
  }
  return mappers;
}

async function caption(client, mappers) {
  const values = embeddingToBytes(new Float32Array(512).fill(0.1));
  const items = mappers.map((mapper, n) => ({ id: String(n), embedding: { values }, mapper }));
  const generation = { numBeams: 1, maxNewTokens: 1 };
  const { results } = await client.caption({ baseModel: base.name, items, generation }, { deadlineMs: 120_000 });
  const failed = results.find(({ status }) => status.code !== 'ok');
  if (failed) throw new Error(`${failed.status.code}: ${failed.status.message}`);
}

async function residentBytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}
