import { rm, writeFile } from 'node:fs/promises';
import type { DomainError } from '@housestyle/domain';
import type { Terminal } from '../terminal.js';
import { counted } from '../wording.js';

interface Failure {
  readonly name: string;
  readonly error: DomainError;
}

/** Names a picture that was left out, with its error code. */
export function reportFailure({ name, error: { code, message } }: Failure, json: boolean, terminal: Terminal): void {
  if (json) terminal.print(JSON.stringify({ file: name, error: { code, message } }));
  else terminal.complain(`${name}: ${code}: ${message}`);
}

/**
 * Lists every picture that was left out, with the reason, in NAME.failures.jsonl, and names the first ones to people.
 * @param out NAME.safetensors
 * @returns the file; undefined when all went well
 */
export async function reportFailures(
  failures: readonly Failure[],
  out: string,
  json: boolean,
  terminal: Terminal,
): Promise<string | undefined> {
  const file = `${out.replace(/\.safetensors$/, '')}.failures.jsonl`;
  if (failures.length === 0) {
    await rm(file, { force: true });
    return undefined;
  }
  const lines = failures.map(({ name, error: { code, message } }) =>
    JSON.stringify({ file: name, error: { code, message } }),
  );
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  for (const failure of failures.slice(0, json ? failures.length : NAMED)) reportFailure(failure, json, terminal);
  if (!json) terminal.complain(`left out ${counted(failures.length, 'picture')} that could not be read: ${file}`);
  return file;
}

const NAMED = 20;
