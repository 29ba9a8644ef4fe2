import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClipCapFeatures, readFeatures } from '@housestyle/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { housestyle } from '../support/housestyle.js';

const pickled = (name: string): string =>
  fileURLToPath(new URL(`../../libs/checkpoints/src/pytorch/goldens/${name}`, import.meta.url));

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-import-'));
  await copyFile(pickled('features-protocol-4.pkl'), at('oscar_split_ViT-B_32_train.pkl'));
});
afterAll(() => rm(folder, { recursive: true }));

const importing = (pickle: string, ...more: string[]) => housestyle(['features', 'import', pickle, ...more]);

describe('housestyle features import', () => {
  it('takes over the official code’s pickle', async () => {
    const out = at('made/coco.safetensors');
    const { exitCode, stdout, stderr } = await importing(at('oscar_split_ViT-B_32_train.pkl'), '--out', out);
    expect([exitCode, stderr]).toEqual([0, '']);
    const original = ClipCapFeatures.open(at('oscar_split_ViT-B_32_train.pkl'));
    const rows = Buffer.concat([...original.rows()].map((piece) => Buffer.from(piece)));
    original.close();
    const made = await readFeatures(out);
    expect(stdout).toMatch(new RegExp(`^${original.numRows} embeddings, ${original.captions.length} captions, `, 'm'));
    expect(made.captions).toEqual(original.captions);
    expect(
      Buffer.concat(
        made.embeddings.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
      ),
    ).toEqual(rows);
    expect(made.clipSha256).toBeUndefined();
  });

  it('notes a CLIP only if it can have made them', async () => {
    const out = at('other.safetensors');
    const { exitCode, stderr } = await importing(at('oscar_split_ViT-B_32_train.pkl'), '--model', 'demo', '--out', out);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/invalid_request: .* and those of demo 128: another CLIP made them/),
    ]);
    expect(await readdir(folder)).not.toContain('other.safetensors');
  });

  it('refuses by name what is no data', async () => {
    const { exitCode, stdout, stderr } = await importing(
      pickled('features-of-numpy.pkl'),
      '--out',
      at('numpy.safetensors'),
    );
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/unsafe_checkpoint: .*numpy/);
  });
});
