/**
 * Static against continuous batches, in turns, on the same images: GPT-2 at its smallest real size with random weights, 5
 * beams, and captions as long as the demo's are, or with a long tail. Random weights never stop, so each image's length is
 * given: that of the longest of its five hypotheses. Processor time of one thread.
 *
 *   npm run build && node test/bench/continuous-batching.mjs [--precision int8] [--images 64] [--batch 16] [--rounds 2]
 */
import path from 'node:path';
import { openBaseModel, SafetensorsFile } from '@housestyle/checkpoints';
import { BeamSearch, CaptionEngine, Decoder } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { median } from './middle.mjs';
import { readOptions } from './read-options.mjs';

const options = readOptions(import.meta.url, {
  weights: { type: 'string', default: '.housestyle/bench' },
  precision: { type: 'string', default: 'int8' },
  images: { type: 'string', default: '64' },
  batch: { type: 'string', default: '16' },
  rounds: { type: 'string', default: '2' },
});
const [images, batchSize, rounds] = [options.images, options.batch, options.rounds].map(Number);
const root = path.join(import.meta.dirname, '../..');
const [K, C] = [10, 768];
const config = { n_embd: C, n_head: 12, n_layer: 12, vocab_size: 50257, n_positions: 1024 };

const runner = new OnnxGraphRunner({ threads: 1 });
const lengths = { demo: await demoLengths(), 'long tail': longTail() };
const weights = SafetensorsFile.open(path.join(options.weights, 'gpt2-gpt2.safetensors'));
const decoder = await Decoder.load({ config, weights }, runner, { precision: options.precision });

for (const [name, those] of Object.entries(lengths)) {
  const spent = { static: [], continuous: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [way, run] of Object.entries({ static: inBatches, continuous: continuously })) {
      const before = process.cpuUsage();
      await run(those.map((length, n) => request(length, n)));
      const { user, system } = process.cpuUsage(before);
      if (round > 0) spent[way].push((user + system) / 1e6);
    }
  }
  const [ofStatic, ofContinuous] = [median(spent['static']), median(spent.continuous)];
  console.log(
    JSON.stringify({
      lengths: name,
      median: median(those),
      longest: Math.max(...those),
      precision: options.precision,
      batch: batchSize,
      staticSeconds: spent['static'],
      continuousSeconds: spent.continuous,
      ratio: Number((ofStatic / ofContinuous).toFixed(3)),
    }),
  );
}
await decoder.release();

async function inBatches(requests) {
  for (let from = 0; from < requests.length; from += batchSize)
    await decoder.decode(requests.slice(from, from + batchSize));
}

/** As the engine does: others enter when there is room for an eighth of the batch. */
async function continuously(requests) {
  const batch = decoder.openBatch();
  const waiting = [...requests];
  while (waiting.length + batch.size > 0) {
    const free = batchSize - batch.size;
    if (waiting.length > 0 && free >= Math.min(waiting.length, batchSize / 8))
      await batch.enter(waiting.splice(0, free));
    await batch.step();
  }
}

function request(length, n) {
  const prefix = Float32Array.from({ length: K * C }, (_, i) => Math.sin(i * 0.37 + n) * 0.05);
  return { prefix, search: new BeamSearch(5, { stopTokenIds: new Set(), maxNewTokens: length }) };
}

/** Of as many of the demo's own captions. */
async function demoLengths() {
  const base = await openBaseModel(path.join(root, 'models/demo'));
  const engine = await CaptionEngine.load(base, runner);
  const replay = SafetensorsFile.open(path.join(root, 'models/demo/replay.safetensors'));
  const all = replay.read('image_embeds');
  const width = engine.embeddingWidth;
  const items = Array.from({ length: images }, (_, n) => ({
    input: { embedding: all.slice(n * width, (n + 1) * width) },
  }));
  const outputs = await engine.caption(items);
  await engine.release();
  return outputs.map(({ hypotheses }) => Math.max(...hypotheses.map(({ tokens }) => tokens.length)));
}

/** As COCO's captions: about 11 tokens; one in eight runs on, up to the longest that is allowed. */
function longTail() {
  return Array.from({ length: images }, (_, n) => (n % 8 === 3 ? 30 + ((n * 29) % 38) : 9 + ((n * 7) % 6)));
}
