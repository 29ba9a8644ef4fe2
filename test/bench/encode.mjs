/**
 * CLIP's image tower by Housestyle and by PyTorch, turn by turn, ViT-B/32 with the same random weights, pixels to
 * embeddings. After a build: `pip install torch numpy safetensors transformers`, then
 *
 *   node test/bench/encode.mjs [--python python3] [--batch 16] [--threads 1] [--rounds 5]
 *                              [--device cpu|cuda|webgpu] [--weights DIR]
 *
 * With `--device cuda` or `webgpu` PyTorch computes on CUDA, and ends the run where it has none; fp32 is without TF32 on
 * both sides then, unless NVIDIA_TF32_OVERRIDE says otherwise, and processor time is the host's alone.
 * Prints a Markdown table: milliseconds of one picture, and how many times as many pictures Housestyle encodes, by
 * wall-clock time and by processor time, which neighbours on the machine disturb less.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { middle } from './middle.mjs';
import { readOptions } from './read-options.mjs';
import { StepTaker } from './step-taker.mjs';

const options = readOptions(import.meta.url, {
  python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
  batch: { type: 'string', default: '16' },
  threads: { type: 'string', default: '1' },
  rounds: { type: 'string', default: '5' },
  device: { type: 'string', default: 'cpu' },
  weights: { type: 'string', default: '.housestyle/bench' },
});
const { python, batch, threads, weights, device } = options;
const isOnGpu = device !== 'cpu';
const [OURS, PEERS] = [isOnGpu ? ['fp32', 'fp16'] : ['fp32', 'int8', 'int8-static'], ['fp32', 'bf16']];
if (isOnGpu) process.env.NVIDIA_TF32_OVERRIDE ??= '0'; // onnxruntime's default is TF32

const ours = [takeOurs()];
const peers = {};
for (const dtype of PEERS) peers[dtype] = { taker: await openPeer(dtype), steps: [] };
for (let round = 0; round <= Number(options.rounds); round++) {
  if (round > 0) ours.push(takeOurs());
  for (const { taker, steps } of Object.values(peers)) steps.push(await taker.step());
}
for (const { taker } of Object.values(peers)) await taker.close();
console.log(`\n${table()}`);
process.exit(0);

/** Of one picture, by precision. */
function takeOurs() {
  const program = fileURLToPath(new URL('../../apps/cli/bin/housestyle.js', import.meta.url));
  const sizes = ['--megapixels', '0.3', '--batch', batch, '--precision', OURS.join(), '--threads', threads];
  const how = ['--rounds', '2', '--warm-up', '1', '--no-roofline', '--device', device, '--weights', weights, '--json'];
  const { status, stdout } = spawnSync(process.execPath, [program, 'bench', 'encode', ...sizes, ...how], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  return Object.fromEntries(
    JSON.parse(stdout).cases.map(({ precision, stages: { clip } }) => [
      precision,
      { wallMs: clip.wallMs.median, cpuMs: clip.processorMs.median },
    ]),
  );
}

function openPeer(dtype) {
  const program = fileURLToPath(new URL('encode_peer.py', import.meta.url));
  const how = ['--weights', weights, '--dtype', dtype, '--batch', batch, '--threads', threads];
  how.push('--device', isOnGpu ? 'cuda' : 'cpu');
  return StepTaker.start(python, [program, ...how]);
}

/** The first round, in which everything is new, counts for nobody. */
function table() {
  const header = ['', 'ms', 'ms of a core', ...PEERS.map((dtype) => `: PyTorch ${dtype}, by time; by processor time`)];
  const theirs = (dtype, figure) => peers[dtype].steps.slice(1).map((step) => step[figure] / Number(batch));
  const rows = OURS.map((precision) => {
    const own = (figure) => ours.slice(1).map((round) => round[precision][figure]);
    const ratio = (dtype, figure) => middle(theirs(dtype, figure).map((ms, n) => ms / own(figure)[n]));
    const ratios = PEERS.map((dtype) => `${ratio(dtype, 'wallMs')}; ${ratio(dtype, 'cpuMs')}`);
    return [`Housestyle, ${precision}`, middle(own('wallMs')), middle(own('cpuMs')), ...ratios];
  });
  const others = PEERS.map((dtype) => {
    const figures = [middle(theirs(dtype, 'wallMs')), middle(theirs(dtype, 'cpuMs'))];
    return [`PyTorch, ${dtype}`, ...figures, ...PEERS.map((other) => (other === dtype ? '1' : ''))];
  });
  const lines = [header, header.map(() => '---'), ...rows, ...others];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
