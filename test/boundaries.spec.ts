import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

/** A forbidden import in a room's file must be a lint error; lint is part of the test command. */
const FORBIDDEN: readonly [file: string, source: string, rule: string][] = [
  ['libs/domain/src/index.ts', `import { z } from 'zod'; export const x = z;`, '@nx/enforce-module-boundaries'],
  [
    'libs/clipcap/src/index.ts',
    `import * as x from '@housestyle/runtime'; export { x };`,
    '@nx/enforce-module-boundaries',
  ],
  [
    'libs/imaging/src/index.ts',
    `import * as x from '@housestyle/database'; export { x };`,
    '@nx/enforce-module-boundaries',
  ],
  ['apps/pipeline/src/main.ts', `import * as x from '@housestyle/api'; export { x };`, '@nx/enforce-module-boundaries'],
  ['apps/api/src/main.ts', `import sharp from 'sharp'; export { sharp };`, 'no-restricted-imports'],
  ['libs/runtime/src/index.ts', `import { Kafka } from 'kafkajs'; export { Kafka };`, 'no-restricted-imports'],
  [
    'apps/cli/src/main.ts',
    `import * as x from '@housestyle/domain/dist/asset.js'; export { x };`,
    'no-restricted-imports',
  ],
  ['libs/imaging/src/index.ts', `export const x = process.env['HOME'];`, 'no-restricted-properties'],
];

/** the first file makes the linter read the whole program */
const LINT_TIMEOUT_MS = 120_000;

// under CI the parser would read each file from the disk once, and never see the text given here
const eslint = new ESLint({
  overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
});

describe('who may import whom', () => {
  it.each(FORBIDDEN)(
    '%s may not: %s',
    async (file, source, rule) => {
      const [result] = await eslint.lintText(source, { filePath: file });
      expect(result!.messages.map((message) => message.ruleId)).toContain(rule);
    },
    LINT_TIMEOUT_MS,
  );
});
