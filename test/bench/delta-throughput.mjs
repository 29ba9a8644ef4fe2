/**
 * What deltas cost the decoder: captions of 16 images, 20 tokens, without deltas and with, turn by turn in one
 * process, so that both meet the same machine. Weights are random and nothing stops early. After a build:
 * `node test/bench/delta-throughput.mjs [--size small|demo] [--rounds 5] [--threads 1] [--beams 5]`.
 * Ratios are of processor time, which neighbours on the machine disturb least; wall-clock ones stand beside them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { encodeSafetensors, SafetensorsFile } from '@housestyle/checkpoints';
import { BeamSearch, Decoder, MAX_DELTA_RANK, stoppingCriteria } from '@housestyle/clipcap';
import { float32 } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { Random } from '@housestyle/training';
import { asWeights, decoderLayers, randomDelta, wordLayer } from '../support/random-delta.mjs';
import { median } from './middle.mjs';
import { readOptions } from './read-options.mjs';

const SIZES = {
  small: { n_embd: 768, n_head: 12, n_layer: 12, vocab_size: 50257, n_positions: 1024 },
  demo: { n_embd: 96, n_head: 4, n_layer: 4, vocab_size: 1024, n_positions: 128 },
};
const [IMAGES, TOKENS, PREFIX] = [16, 20, 10];

const { size, rounds, threads, beams } = readOptions(import.meta.url, {
  size: { type: 'string', default: 'small' },
  rounds: { type: 'string', default: '5' },
  threads: { type: 'string', default: '1' },
  beams: { type: 'string', default: '5' },
});
const config = SIZES[size];
const { n_embd: C, n_layer: layers } = config;
const weights = randomWeights();
const decoder = await Decoder.load({ config, weights }, new OnnxGraphRunner({ threads: Number(threads) }));
const prefixes = Array.from({ length: IMAGES }, (_, n) => random(PREFIX * C, 0.5, n));
const tenants = await deltasOf(decoderLayers(weights));
const wordy = await deltasOf([...decoderLayers(weights), wordLayer(weights)]);

/** Each image's delta, by what the batch is called. */
const batches = {
  'no deltas': () => undefined,
  [`${IMAGES} tenants`]: (n) => tenants[n],
  '4 tenants': (n) => tenants[n % 4],
  '1 tenant': () => tenants[0],
  '1 of 16 images has one': (n) => (n === 0 ? tenants[0] : undefined),
  [`${IMAGES} tenants, words too`]: (n) => wordy[n],
  '4 tenants, words too': (n) => wordy[n % 4],
  '1 tenant, words too': () => wordy[0],
  '1 of 16 has words': (n) => (n === 0 ? wordy[0] : tenants[n]),
};

const [baseline] = Object.keys(batches);
const figures = Object.fromEntries(Object.keys(batches).map((name) => [name, []]));
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, deltaOf] of Object.entries(batches)) {
    const figure = await measure(deltaOf);
    if (round > 0) figures[name].push(figure); // the first round warms up
  }
}
for (const [name, measured] of Object.entries(figures)) {
  const cpuMs = median(measured.map((figure) => figure.cpuMs));
  const ratio = (key) => median(measured.map((figure, round) => figures[baseline][round][key] / figure[key]));
  const [byCpu, byWall] = [ratio('cpuMs').toFixed(3), ratio('wallMs').toFixed(3)];
  console.log(`${name.padEnd(24)} ${cpuMs.toFixed(0).padStart(6)} ms cpu  throughput ×${byCpu} (wall ×${byWall})`);
}
await decoder.release();

async function measure(deltaOf) {
  const repeats = size === 'small' ? 1 : 20;
  const [cpuBefore, before] = [process.cpuUsage(), performance.now()];
  for (let n = 0; n < repeats; n++) {
    await decoder.decode(
      prefixes.map((prefix, image) => {
        const delta = deltaOf(image);
        const criteria = stoppingCriteria(
          { stopTokenIds: [], maxNewTokens: TOKENS },
          { numPositions: config.n_positions, prefixLength: PREFIX },
        );
        return { prefix, search: new BeamSearch(Number(beams), criteria), ...(delta && { delta }) };
      }),
    );
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpuMs: (user + system) / 1000 / repeats, wallMs: (performance.now() - before) / repeats };
}

function randomWeights() {
  const folder = mkdtempSync(join(tmpdir(), 'delta-throughput-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  const { vocab_size: V, n_positions: N } = config;
  const tensors = new Map();
  const put = (name, dims, scale) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    tensors.set(`transformer.${name}`, float32(random(count, scale, tensors.size), dims));
  };
  const norm = (name) => {
    tensors.set(`transformer.${name}.weight`, float32(new Float32Array(C).fill(1), [C]));
    put(`${name}.bias`, [C], 0.01);
  };
  put('wte.weight', [V, C], 0.04);
  put('wpe.weight', [N, C], 0.02);
  norm('ln_f');
  for (let layer = 0; layer < layers; layer++) {
    norm(`h.${layer}.ln_1`);
    norm(`h.${layer}.ln_2`);
    for (const [name, input, output] of linears(layer)) {
      put(`${name}.weight`, [input, output], 0.035);
      put(`${name}.bias`, [output], 0.01);
    }
  }
  const file = join(folder, 'model.safetensors');
  writeFileSync(file, encodeSafetensors(tensors));
  return SafetensorsFile.open(file);
}

/** For each image another tenant's delta of these layers. */
function deltasOf(changed) {
  const deltaOf = (n) => asWeights(`delta ${n}`, randomDelta(changed, MAX_DELTA_RANK, n, 0.3));
  return Promise.all(prefixes.map((_, n) => decoder.loadDelta(deltaOf(n))));
}

function linears(layer) {
  const key = `h.${layer}`;
  return [
    [`${key}.attn.c_attn`, C, 3 * C],
    [`${key}.attn.c_proj`, C, C],
    [`${key}.mlp.c_fc`, C, 4 * C],
    [`${key}.mlp.c_proj`, 4 * C, C],
  ];
}

/** Uniform between -scale and scale. */
function random(count, scale, seed) {
  const draws = new Random(seed);
  return Float32Array.from({ length: count }, () => (2 * draws.uniform() - 1) * scale);
}
