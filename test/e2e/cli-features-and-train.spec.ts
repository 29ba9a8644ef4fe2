import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFeatures, withFileLock, writeFeatures } from '@housestyle/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { housestyle, startHousestyle } from '../support/housestyle.js';
import { museumCaptionOf, testPicture } from '../support/museum-captions.js';
import { waitFor } from '../support/wait-for.js';

const PICTURES = 24;
let folder: string;
const at = (name: string): string => join(folder, name);
const pictureName = (n: number): string => `picture ${n}.png`;
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

interface CaptionLine {
  readonly file: string;
  readonly row: number;
  readonly caption: string;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-train-'));
  await mkdir(at('photos'));
  for (let n = 0; n < PICTURES; n++) await copyFile(testPicture(n), join(at('photos'), pictureName(n)));
  const torn = (await readFile(testPicture(0))).subarray(0, 400);
  await writeFile(join(at('photos'), 'torn.png'), torn);
  const lines = Array.from({ length: PICTURES }, (_, n) => ({ file: pictureName(n), caption: museumCaptionOf(n) }));
  const bad = [
    { file: 'torn.png', caption: 'Nobody will see it.' },
    { file: 'gone.png', caption: 'Nor this.' },
  ];
  await writeFile(at('captions.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await writeFile(at('captions-bad.jsonl'), [...bad, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const cells = lines.map(({ file, caption }) => `"${caption}",${file}\r\n`);
  await writeFile(
    at('captions.csv'),
    `caption,file\r\n${cells.join('')}"A second caption, of the first.",${pictureName(0)}\r\n`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const features = (captions: string, out: string, ...more: string[]) =>
  housestyle(['features', 'folder', '--images', at('photos'), '--captions', at(captions), '--out', at(out), ...more]);
const train = (out: string, ...more: string[]) => [
  'train',
  '--features',
  at('good.safetensors'),
  '--out',
  at(out),
  ...more,
];

describe('housestyle features folder', () => {
  it('encodes captioned pictures and leaves nothing else behind', async () => {
    const { exitCode, stdout, stderr } = await features('captions.csv', 'good.safetensors');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('24 pictures, 25 captions, 128 values a picture');
    expect((await readdir(folder)).filter((name) => name.startsWith('good.safetensors'))).toEqual(['good.safetensors']);
    const lines = (await readFile(at('good.jsonl'), 'utf8')).trim().split('\n');
    expect(JSON.parse(lines.at(-1)!) as CaptionLine).toEqual({
      file: pictureName(0),
      row: 0,
      caption: 'A second caption, of the first.',
    });
  });

  it('keeps the embeddings that captions are made from', async () => {
    const { embeddings } = await readFeatures(at('good.safetensors'));
    const pictures = [0, 23].map((n) => join(at('photos'), pictureName(n)));
    const { jsonLines } = await housestyle(['caption', '--json', '--embedding', '--max-new-tokens', '1', ...pictures]);
    const [first, last] = jsonLines<{ embedding: number[] }>();
    expectClose(embeddings[0]!, first!.embedding);
    expectClose(embeddings[23]!, last!.embedding);
  });

  it('names pictures that cannot be read, leaves them out and says so by its exit code', async () => {
    const text = await features('captions-bad.jsonl', 'bad.safetensors');
    expect(text.exitCode).toBe(1);
    expect(text.stderr).toMatch(/^torn\.png: corrupt_image: /m);
    expect(text.stderr).toMatch(/^gone\.png: source_not_found: /m);
    expect((await readFeatures(at('bad.safetensors'))).embeddings).toHaveLength(PICTURES);
    const { jsonLines } = await features('captions-bad.jsonl', 'bad.safetensors', '--json');
    const lines = jsonLines<object>();
    expect(lines.slice(0, -1)).toMatchObject([
      { file: 'torn.png', error: { code: 'corrupt_image' } },
      { file: 'gone.png', error: { code: 'source_not_found' } },
    ]);
    expect(lines.at(-1)).toMatchObject({ out: at('bad.safetensors'), pictures: 24, captions: 24, failed: 2 });
  });

  it('does not write over the captions it was given', async () => {
    const { exitCode, stderr } = await features('captions.jsonl', 'captions.safetensors');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('captions.jsonl would be overwritten')]);
  });
});

describe('housestyle train', () => {
  const recipe = ['--batch-size', '8', '--epochs', '12', '--checkpoint-every', '4', '--seed', '7'];

  it('trains a mapper to caption with, and names parameters, time and loss', async () => {
    const { exitCode, stdout, stderr } = await housestyle(train('whole', ...recipe));
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^parameters {2}523,680 trained$/m);
    expect(stdout).toMatch(/^captions {4}25, 48 updates$/m);
    expect(stdout).toMatch(/^loss {8}\d\.\d{4} nats a token, over the last epoch$/m);
    expect(stdout).toMatch(/^time {8}[\d.]+ s on cpu$/m);
    const captioned = await housestyle(['caption', '--mapper', at('whole'), join(at('photos'), pictureName(0))]);
    expect([captioned.exitCode, captioned.stderr]).toEqual([0, '']);
  });

  it('ends where it would have ended when it is killed and run again', async () => {
    const running = startHousestyle(train('killed', ...recipe, '--json'));
    await waitFor('ten updates', () => running.output().includes('"step":10'), { timeoutMs: 60_000, everyMs: 5 });
    running.process.kill('SIGKILL');
    const killed = await running.ended;
    expect(killed.exitCode).toBeNull();
    expect(killed.stdout).not.toContain('"step":48');
    expect(await exists(at('killed'))).toBe(false);

    const other = await housestyle(train('killed', ...recipe, '--lr', '0.01'));
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toMatch(/conflict: .*killed\.unfinished has a run with lr unset, not 0\.01/);

    const resumed = await housestyle(train('killed', ...recipe, '--json'));
    expect(resumed.exitCode).toBe(0);
    expect(resumed.stderr).toMatch(/^going on after (8|12|16|20|24|28|32|36|40|44) updates of 48$/m);
    const lines = resumed.jsonLines<{ step?: number; trainableParameters?: number }>();
    expect(lines[0]!.step! % 4).toBe(1);
    expect(lines.at(-1)).toMatchObject({ out: at('killed'), trainableParameters: 523_680, steps: 48 });
    for (const file of ['model.safetensors', 'config.json', 'manifest.json']) {
      expect(await readFile(join(at('killed'), file))).toEqual(await readFile(join(at('whole'), file)));
    }
    expect(await exists(at('killed.unfinished'))).toBe(false);
  });

  it('tunes GPT-2 with it where asked to: a model of its own', async () => {
    const options = ['--tune-gpt2', '--mapping-type', 'transformer', '--num-layers', '1', '--normalize-prefix'];
    const { exitCode, stderr } = await housestyle(train('model', '--epochs', '1', ...options));
    expect([exitCode, stderr]).toEqual([0, '']);
    const config = JSON.parse(await readFile(join(at('model'), 'mapper/config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ mapping_type: 'transformer', num_layers: 1, normalize_prefix: true });
    const captioned = await housestyle(['caption', '--model', at('model'), join(at('photos'), pictureName(0))]);
    expect([captioned.exitCode, captioned.stderr]).toEqual([0, '']);
  });

  it('refuses what it cannot use before it trains', async () => {
    expect((await housestyle(train('whole'))).stderr).toMatch(/conflict: .*whole exists already/);
    const second = await withFileLock(at('new.lock'), () => housestyle(train('new')));
    expect([second.exitCode, second.stderr]).toEqual([1, expect.stringContaining('being trained by another process')]);
    expect((await housestyle(train('new', '--prefix-length', '100'))).stderr).toMatch(/give a prefix of ≤ 96/);
    expect((await housestyle(train('new', '--tune-gpt2', '--only-prefix'))).exitCode).toBe(2);
    expect((await housestyle(train('new', '--warm-up', '-1'))).exitCode).toBe(2);
    const made = await readFeatures(at('good.safetensors'));
    await writeFeatures(at('other.safetensors'), { ...made, clipSha256: 'c11b'.repeat(16) });
    const other = await housestyle(['train', '--features', at('other.safetensors'), '--out', at('new')]);
    expect([other.exitCode, other.stderr]).toEqual([1, expect.stringContaining('made with another CLIP than demo')]);
    expect(await exists(at('new'))).toBe(false);
  });
});

function expectClose(values: Float32Array, expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  values.forEach((value, n) => expect(value).toBeCloseTo(expected[n]!, 4));
}
