/**
 * What full mappers of many tenants cost: batches of images whose tenants are drawn at random, each with an MLP mapper of
 * its own, against batches of one tenant, in turns in one process. Images of one tenant go through its mapper together.
 * From embeddings to captions of 20 tokens, 5 beams, GPT-2's smallest size, random weights (those of
 * `housestyle bench decode`; 126 MB a tenant). Ratios are of processor time. After a build:
 * `node test/bench/tenant-mappers.mjs [--weights DIR] [--tenants 64] [--batch 16] [--precision fp32] [--rounds 3]`.
 */
import path from 'node:path';
import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { Random } from '@housestyle/training';
import { middle } from './middle.mjs';
import { readOptions } from './read-options.mjs';

const options = readOptions(import.meta.url, {
  weights: { type: 'string', default: '.housestyle/bench' },
  tenants: { type: 'string', default: '64' },
  batch: { type: 'string', default: '16' },
  precision: { type: 'string', default: 'fp32' },
  rounds: { type: 'string', default: '3' },
});
const [tenants, batch, rounds] = [options.tenants, options.batch, options.rounds].map(Number);
const base = await openBaseModel(path.join(options.weights, 'base-gpt2'));
const { precision } = options;
const engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }), { maxBatchSize: batch, precision });
const mappers = [];
for (let n = 0; n < tenants; n++) mappers.push(await engine.loadMapper(base.mapper, `tenant ${n}`));

const random = new Random(1);
const embeddings = Array.from({ length: batch }, () =>
  Float32Array.from({ length: engine.embeddingWidth }, () => random.normal()),
);
const spent = { one: [], many: [] };
for (let round = 0; round <= rounds; round++) {
  for (const [whose, tenantOf] of Object.entries({
    one: () => 0,
    many: () => Math.floor(random.uniform() * tenants),
  })) {
    const items = embeddings.map((embedding) => ({ input: { embedding }, mapper: mappers[tenantOf()] }));
    const before = process.cpuUsage();
    await engine.caption(items, { stopTokenIds: [], maxNewTokens: 20 });
    const { user, system } = process.cpuUsage(before);
    if (round > 0) spent[whose].push((user + system) / 1e6);
  }
}
const ratios = spent.one.map((seconds, n) => seconds / spent.many[n]);
console.log(
  JSON.stringify({
    precision,
    batch,
    tenants,
    secondsOfOneTenant: spent.one,
    secondsOfMany: spent.many,
    ofOneTenantsRate: middle(ratios),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
await engine.release();
