import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Terminal } from '../terminal.js';
import { counted } from '../wording.js';
import type { Failure } from './embedding-journal.js';

interface FailedPicture {
  readonly name: string;
  readonly error: Failure;
}

/** Names a picture that was left out, with its error code. */
export function reportFailure(
  { name, error: { code, message } }: FailedPicture,
  json: boolean,
  terminal: Terminal,
): void {
  if (json) terminal.print(JSON.stringify({ file: name, error: { code, message } }));
  else terminal.complain(`${name}: ${code}: ${message}`);
}

/**
 * Lists every picture that was left out, with the reason, in NAME.failures.jsonl, and names the first ones to people.
 * @param out NAME.safetensors
 * @returns the file; undefined when all went well
 */
export async function reportFailures(
  failures: readonly FailedPicture[],
  out: string,
  json: boolean,
  terminal: Terminal,
): Promise<string | undefined> {
  const file = `${out.replace(/\.safetensors$/, '')}.failures.jsonl`;
  if (failures.length === 0) {
    await rm(file, { force: true });
    return undefined;
  }
  await pipeline(Readable.from(linesOf(failures)), createWriteStream(file));
  for (const failure of failures.slice(0, json ? failures.length : NAMED)) reportFailure(failure, json, terminal);
  if (!json) terminal.complain(`left out ${counted(failures.length, 'picture')} that could not be read: ${file}`);
  return file;
}

function* linesOf(failures: readonly FailedPicture[]): Generator<string> {
  for (const { name, error } of failures) yield `${JSON.stringify({ file: name, error })}\n`;
}

const NAMED = 20;
