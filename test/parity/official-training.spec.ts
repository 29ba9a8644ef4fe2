import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { housestyle } from '../support/housestyle.js';
import { maxError, recordParity } from './record-parity.js';
import { GOLDENS_FOLDER } from './reference.js';

/** The official training restated in PyTorch: goldens/official-training.py. */
const { runs } = JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'official-training.json'), 'utf8')) as {
  readonly runs: Readonly<Record<string, { readonly losses: readonly number[]; readonly parameters: number }>>;
};
const folder = mkdtempSync(path.join(tmpdir(), 'housestyle-official-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FAST = ['--lr', '1e-3', '--warm-up', '10'];

describe('housestyle train --official', () => {
  it.each([
    ['mlp, GPT-2 tuned', FAST],
    ['mlp, GPT-2 frozen', [...FAST, '--only-prefix']],
    ['transformer, GPT-2 tuned', [...FAST, '--mapping-type', 'transformer']],
    [
      'transformer, GPT-2 frozen, normalised',
      [...FAST, '--mapping-type', 'transformer', '--only-prefix', '--normalize-prefix'],
    ],
    ['mlp, GPT-2 tuned, the official rate', []],
  ])('gives the official loss curve: %s', async (name, options) => {
    const [features, out] = [path.join(GOLDENS_FOLDER, 'official-training.safetensors'), path.join(folder, name)];
    const batches = ['--batch-size', '16', '--epochs', '6', '--seed', '7'];
    const fixed = ['train', '--official', '--json', '--features', features, '--out', out, ...batches];
    const { exitCode, stderr, jsonLines } = await housestyle([...fixed, ...options]);
    expect([exitCode, stderr]).toEqual([0, '1 caption too long: cut\n']);
    const lines = jsonLines<{ loss: number; trainableParameters?: number }>();
    expect(lines.at(-1)!.trainableParameters).toBe(runs[name]!.parameters);
    const losses = lines.slice(0, -1).map(({ loss }) => loss);
    expect(losses).toHaveLength(54);
    recordParity(`54 losses, ${name}, absolute`, maxError(losses, runs[name]!.losses), 1e-5);
  });
});
