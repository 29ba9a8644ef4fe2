/**
 * Captions by Housestyle and by PyTorch, turn by turn: `housestyle bench decode` against decode_peer.py, all on the same
 * random weights at real size and the same prefixes, or the same JPEG files. In fp32 every caption must have the same
 * tokens on all sides before anything counts, from JPEG too: what is decoded and resized is the same to the last byte.
 * Sides in 8 or 16 bits may differ; how many captions have the same tokens is told of each. After a build:
 * `pip install torch numpy safetensors transformers pillow`, then
 *
 *   node test/bench/decode.mjs [--python python3] [--from prefix|jpeg] [--cores 1] [--batch 16] [--num-beams 5]
 *                              [--tokens 20] [--precision fp32] [--rounds 3] [--peers huggingface,huggingface-bf16,official]
 *                              [--official-images 1] [--device cpu|cuda|webgpu] [--weights DIR]
 *
 * With `--cores 2` two Housestyle programs of one thread caption a batch each, against one PyTorch program of two threads
 * and a batch. The official form, one image at a time, takes `--official-images` of the batch and is scaled up. With
 * `--device cuda` or `webgpu` PyTorch computes on CUDA, and ends the run where it has none; fp32 is without TF32 on both
 * sides then, unless NVIDIA_TF32_OVERRIDE says otherwise, and processor time is the host's alone. Prints a Markdown
 * table: ratios are how many times as many images Housestyle captions, by wall-clock time and by processor time, which
 * neighbours on the machine disturb less: median (min–max) over the rounds.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { middle } from './middle.mjs';
import { readOptions } from './read-options.mjs';
import { StepTaker, StepTakers } from './step-taker.mjs';

const options = readOptions(import.meta.url, {
  python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
  from: { type: 'string', default: 'prefix' },
  cores: { type: 'string', default: '1' },
  batch: { type: 'string', default: '16' },
  'num-beams': { type: 'string', default: '5' },
  tokens: { type: 'string', default: '20' },
  precision: { type: 'string', default: 'fp32' },
  rounds: { type: 'string', default: '3' },
  peers: { type: 'string' },
  'official-images': { type: 'string', default: '1' },
  device: { type: 'string', default: 'cpu' },
  synthetic: { type: 'string', default: 'vit-b-32,gpt2' },
  weights: { type: 'string' },
});
const isFromJpeg = options.from === 'jpeg';
const isOnGpu = options.device !== 'cpu';
const DEFAULT_PEERS = isFromJpeg || isOnGpu ? 'huggingface,huggingface-bf16' : 'huggingface,official';
const peers = (options.peers ?? DEFAULT_PEERS).split(',');
const [batch, rounds, cores] = [options.batch, options.rounds, options.cores].map(Number);
const folder = options.weights ?? mkdtempSync(join(tmpdir(), 'decode-bench-'));
mkdirSync(folder, { recursive: true });
if (!options.weights) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143));
if (isOnGpu) process.env.NVIDIA_TF32_OVERRIDE ??= '0'; // onnxruntime's default is TF32

const sides = { housestyle: { taker: await openOurs(), images: batch * cores } };
for (const name of peers) {
  const images = name.startsWith('official') ? Math.min(batch, Number(options['official-images'])) : batch;
  sides[name] = { taker: await openPeer(name, images), images };
}
const steps = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  const turns = Object.entries(sides);
  for (const [name, { taker }] of round % 2 === 0 ? turns : turns.reverse()) steps[name].push(await taker.step());
  if (round === 0) reportCaptions();
}
const memory = {};
for (const [name, { taker }] of Object.entries(sides)) memory[name] = await taker.close();
console.log(`\n${table()}`);
process.exit(0);

function openOurs() {
  const program = fileURLToPath(new URL('../../apps/cli/bin/housestyle.js', import.meta.url));
  const { from, tokens, precision, synthetic, device } = options;
  const sizes = ['--batch', options.batch, '--num-beams', options['num-beams'], '--tokens', tokens];
  const how = ['--paced', '--from', from, '--threads', '1', '--precision', precision, '--synthetic', synthetic];
  const where = ['--device', device, '--weights', folder];
  return StepTakers.start(cores, process.execPath, [program, 'bench', 'decode', ...sizes, ...how, ...where]);
}

/** @param name huggingface or official, perhaps with a number format behind it */
function openPeer(name, images) {
  const program = fileURLToPath(new URL('decode_peer.py', import.meta.url));
  const [form, dtype = 'fp32'] = name.split('-');
  const size = options.synthetic === 'tiny' ? 'tiny' : 'gpt2';
  const args = ['--weights', folder, '--form', form, '--dtype', dtype, '--size', size, '--images', String(images)];
  const how = ['--from', options.from, '--threads', options.cores, '--device', isOnGpu ? 'cuda' : 'cpu'];
  return StepTaker.start(options.python, [program, ...args, ...how]);
}

/** Sides that compute in fp32 must agree to the last token; the others' share is told. */
function reportCaptions() {
  const ours = steps.housestyle[0].tokens;
  for (const name of peers) {
    const theirs = steps[name][0].tokens;
    const same = theirs.filter((tokens, image) => tokens.join() === ours[image].join()).length;
    console.error(`${name}: ${same} of ${theirs.length} captions have the same tokens`);
    const isExact = !name.includes('bf16') && options.precision === 'fp32';
    if (isExact && same < theirs.length) throw new Error(`${name} gives other captions: nothing is compared`);
  }
}

function table() {
  const header = ['', 'images/s', 'images/s of a core', 'Housestyle : it', 'by processor time', 'peak memory'];
  const rows = Object.entries(sides).map(([name, { images }]) => {
    const timed = steps[name].slice(1);
    const rate = (figure) => middle(timed.map((step) => (images * 1000) / step[figure]));
    const ratio = (figure) =>
      middle(
        timed.map((step, n) => step[figure] / images / (steps.housestyle[n + 1][figure] / sides.housestyle.images)),
      );
    const ratios = name === 'housestyle' ? ['1', '1'] : [ratio('wallMs'), ratio('cpuMs')];
    return [name, rate('wallMs'), rate('cpuMs'), ...ratios, `${(memory[name] / 1e9).toFixed(1)} GB`];
  });
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
