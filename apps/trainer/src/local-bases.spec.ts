import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLocalBases } from './local-bases.js';

const DEMO = path.join(import.meta.dirname, '../../../models/demo');
const DEMO_RU = path.join(import.meta.dirname, '../../../models/demo-ru');

describe('the bases of a trainer', () => {
  it('are known by their names', async () => {
    const bases = await readLocalBases([DEMO, DEMO_RU]);
    expect([...bases].map(([name, { folder }]) => [name, folder])).toEqual([
      ['demo', DEMO],
      ['demo-ru', DEMO_RU],
    ]);
  });

  it('never share one', async () => {
    await expect(readLocalBases([DEMO, DEMO])).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(/^MODEL_DIRECTORIES: .* both hold a base model named demo$/) as string,
    });
  });

  it('say which folder holds none', async () => {
    await expect(readLocalBases(['/nowhere'])).rejects.toMatchObject({ code: 'model_not_found' });
  });
});
