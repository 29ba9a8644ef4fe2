#!/usr/bin/env node
// Stands here before anything is built, so that npm links it at install; the program itself is dist/main.js.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);

if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('housestyle: not built yet; run `npm run build` first\n');
  process.exitCode = 1;
}
