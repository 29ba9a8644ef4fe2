/**
 * Training steps of Housestyle and of PyTorch, turn by turn: `housestyle bench train` against train_peer.py's two forms,
 * all on the same random weights of GPT-2's size and the same batch. Nothing is timed before all sides have given the
 * same loss for a step. After a build: `pip install torch numpy safetensors`, then
 *
 *   node test/bench/train.mjs [--python python3] [--threads 2,1] [--rounds 3] [--official-rounds 2]
 *                             [--cases mlp,transformer,tuned] [--padded-length 40] [--weights DIR]
 *
 * The official form runs at the first number of threads only: it is slow. About seven minutes on two cores, and up to
 * 16 GB of memory. Prints a Markdown table: ratios are of wall-clock time, median (min–max) of the rounds, with those
 * of processor time beside them, which neighbours on the machine disturb less.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, middle } from './middle.mjs';
import { readOptions } from './read-options.mjs';
import { StepTaker } from './step-taker.mjs';

const CASES = {
  mlp: { title: 'MLP mapper', args: ['--mapping-type', 'mlp'], peerArgs: [] },
  transformer: { title: 'transformer mapper', args: ['--mapping-type', 'transformer'], peerArgs: [] },
  tuned: { title: 'MLP mapper and GPT-2', args: ['--tune-gpt2'], peerArgs: ['--tune-gpt2'] },
};
const LARGEST_LOSS_DIFFERENCE = 1e-4;
const BATCH = ['--batch-size', '40', '--prefix-length', '10', '--clip-length', '10', '--caption-length', '14'];

const options = readOptions(import.meta.url, {
  python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
  threads: { type: 'string', default: '2,1' },
  rounds: { type: 'string', default: '3' },
  'official-rounds': { type: 'string', default: '2' },
  cases: { type: 'string', default: Object.keys(CASES).join() },
  'padded-length': { type: 'string', default: '40' },
  weights: { type: 'string' },
});
const [rounds, officialRounds] = [Number(options.rounds), Number(options['official-rounds'])];
const folder = options.weights ?? mkdtempSync(join(tmpdir(), 'train-bench-'));
if (!options.weights) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143));

const rows = [];
for (const [n, threads] of options.threads.split(',').entries()) {
  for (const name of options.cases.split(',')) {
    rows.push(await measure(CASES[name], threads, n === 0 ? officialRounds : 0));
  }
}
console.log(`\n${tableOf(rows)}`);
process.exit(0);

/** One kind of training at one number of threads: all sides loaded, a step of each to warm up, then the rounds. */
async function measure({ title, args, peerArgs }, threads, officials) {
  const started = Date.now();
  const sides = { ours: await openOurs(args, threads), optimised: await openPeer('optimised', peerArgs, threads) };
  if (officials > 0) sides.official = await openPeer('official', peerArgs, threads);
  const steps = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    const turns = Object.keys(sides).filter((name) => name !== 'official' || round <= officials);
    for (const name of round % 2 === 0 ? turns : turns.reverse()) steps[name].push(await sides[name].step());
    if (round === 0) expectEqualWork(title, sides, steps);
  }
  const row = { title, threads, ready: sides.ours.ready, steps, difference: largestDifference(steps) };
  const memory = await Promise.all(Object.entries(sides).map(async ([name, side]) => [name, await side.close()]));
  console.error(`${title}, ${threads} threads: ${((Date.now() - started) / 1000).toFixed(0)} s`);
  return { ...row, memory: Object.fromEntries(memory) };
}

function expectEqualWork(title, sides, steps) {
  for (const [name, { ready }] of Object.entries(sides)) {
    for (const figure of ['trainableParameters', 'tokens']) {
      if (ready[figure] !== sides.ours.ready[figure]) throw new Error(`${title}: ${name} has another ${figure}`);
    }
  }
  const difference = largestDifference(steps);
  if (!(difference <= LARGEST_LOSS_DIFFERENCE)) throw new Error(`${title}: the losses differ by ${difference}`);
}

/** Of our loss from any other side's, at any step both have made. */
function largestDifference({ ours, ...others }) {
  const differences = Object.values(others).flatMap((peer) => peer.map(({ loss }, n) => Math.abs(loss - ours[n].loss)));
  return Math.max(...differences);
}

function openOurs(args, threads) {
  const program = fileURLToPath(new URL('../../apps/cli/bin/housestyle.js', import.meta.url));
  const paced = ['--paced', '--json', '--weights', folder, '--threads', threads, '--steps', String(rounds)];
  return StepTaker.start(process.execPath, [program, 'bench', 'train', ...BATCH, ...args, ...paced]);
}

function openPeer(form, args, threads) {
  const program = fileURLToPath(new URL('train_peer.py', import.meta.url));
  const all = ['--weights', folder, '--form', form, '--threads', threads, ...args];
  return StepTaker.start(options.python, [program, ...all, '--padded-length', options['padded-length']]);
}

function tableOf(measured) {
  const header = [
    'trained',
    'threads',
    'parameters',
    'ours s/step',
    'optimised s/step',
    'official s/step',
    'ours : optimised',
    'by processor time',
    'official : ours',
    'by processor time',
    'tokens/s',
    'peak GB, ours / optimised / official',
    'losses differ by',
  ];
  const lines = measured.map(({ title, threads, ready, steps, memory, difference }) => {
    const timed = Object.fromEntries(Object.entries(steps).map(([name, all]) => [name, all.slice(1)]));
    const seconds = (name) => (timed[name] ? `${middle(timed[name].map(({ wallMs }) => wallMs / 1000))}` : '–');
    const ratio = (a, b, figure) =>
      timed[a] && timed[b]
        ? middle(timed[a === 'official' ? a : b].map((_, n) => timed[a][n][figure] / timed[b][n][figure]))
        : '–';
    const gigabytes = ['ours', 'optimised', 'official'].map((name) =>
      memory[name] ? (memory[name] / 1e9).toFixed(1) : '–',
    );
    return [
      title,
      threads,
      `${(ready.trainableParameters / 1e6).toFixed(1)} M`,
      seconds('ours'),
      seconds('optimised'),
      seconds('official'),
      ratio('ours', 'optimised', 'wallMs'),
      ratio('ours', 'optimised', 'cpuMs'),
      ratio('official', 'ours', 'wallMs'),
      ratio('official', 'ours', 'cpuMs'),
      (ready.tokens / median(timed.ours.map(({ wallMs }) => wallMs / 1000))).toFixed(0),
      gigabytes.join(' / '),
      difference.toExponential(0),
    ];
  });
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
