import { defineConfig } from 'vitest/config';

/** One project per kind of test: `npx vitest run --project unit`. */
const project = (name: string, include: string[], options: { timeoutMs: number; globalSetup?: string[] }) => ({
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: options.timeoutMs,
    hookTimeout: Math.max(60_000, options.timeoutMs),
    globalSetup: options.globalSetup ?? [],
  },
});

const servers = ['test/support/postgres.setup.ts', 'test/support/kafka.setup.ts'];

export default defineConfig({
  test: {
    // failures last, where a log's end shows them
    reporters: ['./test/parity/parity-table.reporter.ts', 'default', './test/support/closing.reporter.ts'],
    maxWorkers: 2,
    projects: [
      project('unit', ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/*.spec.ts', 'test/support/*.spec.ts'], {
        timeoutMs: 60_000,
      }),
      project('parity', ['test/parity/**/*.spec.ts'], { timeoutMs: 300_000 }),
      project('learning', ['test/learning/**/*.spec.ts'], { timeoutMs: 300_000 }),
      // one project for all that needs the servers, so that they start once
      project('system', ['test/{integration,e2e,chaos}/**/*.spec.ts'], { timeoutMs: 300_000, globalSetup: servers }),
    ],
  },
});
