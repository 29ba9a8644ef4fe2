import { readFile } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import { jsonFaultLine } from './json-fault.js';

/** @throws DomainError `not_found`, `invalid_request` naming the line where the text stops being JSON */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new DomainError('not_found', `${path}: cannot be read; give a JSON file`, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw malformed(path, `line ${jsonFaultLine(text)}: not JSON: ${(cause as Error).message.replaceAll('\n', ' ')}`);
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const malformed = (path: string, message: string): DomainError =>
  new DomainError('invalid_request', `${path}: ${message}`);
