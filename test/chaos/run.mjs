/**
 * `npm run chaos [-- --full] [--seed N]`: the chaos specs, alone; with --full their long versions. What each run did and
 * found is printed as tables.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { full: { type: 'boolean' }, seed: { type: 'string' } } });
if (values.seed !== undefined && !/^\d+$/.test(values.seed)) {
  console.error('--seed takes a whole number');
  process.exit(2);
}

const specs = ['faults', 'planted-bugs', 'silent-consumer', 'checker'].map((name) => `test/chaos/${name}.spec.ts`);
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'system', '--no-file-parallelism', ...specs], {
  stdio: 'inherit',
  env: {
    ...process.env,
    HOUSESTYLE_REQUIRE: 'all',
    ...(values.full && { HOUSESTYLE_CHAOS: 'full' }),
    ...(values.seed && { HOUSESTYLE_CHAOS_SEED: values.seed }),
  },
});
process.exit(status ?? 1);
