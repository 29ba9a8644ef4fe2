/**
 * Draws what grows with the work: the curves of docs/performance.md, each by one `housestyle bench` command, at the real
 * sizes with random weights. After a build:
 *
 *   node test/bench/curves.mjs [--curves batch,beams,length,tenants,megapixels] [--rounds 3] [--threads 1]
 *                              [--precision fp32,int8] [--weights DIR] [--out docs]
 *
 * Half an hour on one quiet core; a thousand tenants' deltas want 8 GB. Figures are of processor time. What a command
 * measured lies as JSON beside its curve when it is drawn into another folder than docs.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions } from './read-options.mjs';

const CURVES = {
  batch: ['decode', '--batch', '1,2,4,8,16,32,64'],
  beams: ['decode', '--num-beams', '1,2,3,4,5,6,8,10'],
  length: ['decode', '--tokens', '5,10,20,40,67'],
  tenants: ['decode', '--tenants', '0,1,4,16,64,256,1000'],
  megapixels: ['encode', '--megapixels', '1,2,4,8,12', '--batch', '1'],
};

const options = readOptions(import.meta.url, {
  curves: { type: 'string', default: Object.keys(CURVES).join() },
  rounds: { type: 'string', default: '3' },
  threads: { type: 'string', default: '1' },
  precision: { type: 'string', default: 'fp32,int8' },
  weights: { type: 'string', default: '.housestyle/bench' },
  out: { type: 'string', default: 'docs' },
});
const program = fileURLToPath(new URL('../../apps/cli/bin/housestyle.js', import.meta.url));

for (const name of options.curves.split(',')) {
  const [command, ...sizes] = CURVES[name];
  const { rounds, threads, precision, weights, out } = options;
  const plot = join(out, `cost-${name}.svg`);
  const how = [
    '--rounds',
    rounds,
    '--threads',
    threads,
    '--weights',
    weights,
    '--plot',
    plot,
    '--no-roofline',
    '--json',
  ];
  // deltas are applied in fp32 beside either; pictures meet their precision in CLIP alone
  const precisions = name === 'megapixels' ? 'fp32' : precision;
  const args = [program, 'bench', command, ...sizes, '--precision', precisions, ...how];
  const { status, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  if (out !== 'docs') writeFileSync(join(out, `cost-${name}.json`), stdout);
  console.log(`${plot}\n${stdout}`);
}
