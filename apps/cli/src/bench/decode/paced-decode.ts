import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Terminal } from '../../terminal.js';
import type { BenchModel } from '../bench-model.js';
import { Turns } from '../measure/turns.js';
import type { Bench } from './bench-decode.command.js';
import type { DecodeCase } from './decode-cases.js';

/**
 * A run for each line of standard input, with its captions; `decode-batch.json` beside the weights says all that another
 * program needs to caption the same images.
 */
export async function pacedDecode(
  bench: Bench,
  { gpt2, mapper, clip }: BenchModel,
  decodeCase: DecodeCase,
  folder: string,
  terminal: Terminal,
): Promise<void> {
  const prefixes = bench.prefixes.slice(0, decodeCase.batch).map((prefix) => Array.from(prefix));
  const description = { gpt2: gpt2.config, mapper: mapper.config, clip: clip.config, ...decodeCase, prefixes };
  await writeFile(join(folder, 'decode-batch.json'), JSON.stringify(description));
  const turns = new Turns();
  terminal.print(JSON.stringify(decodeCase));
  while (await turns.next()) {
    const { captions, ...elapsed } = await bench.run(decodeCase);
    const told = { tokens: captions.map(({ tokens }) => tokens), scores: captions.map(({ score }) => score) };
    terminal.print(JSON.stringify({ ...elapsed, ...told, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 }));
  }
  turns.close();
}
