import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areCudaLibrariesInstalled } from '../support/cuda.js';
import { housestyle as run } from '../support/housestyle.js';

interface Golden {
  greedy: { ids: number[]; text: string };
  beam5: { ids: number[]; text: string; score: number }[];
}
interface Line {
  image: string;
  caption: string;
  score: number;
  alternatives: { caption: string; score: number; tokens: number[] }[];
  embedding?: number[];
  error?: { code: string };
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { pictures } = JSON.parse(await readFile(fromRoot('test/parity/goldens/goldens.json'), 'utf8')) as {
  pictures: { file: string; mlp: Golden; transformer: Golden }[];
};
const files = pictures.map(({ file }) => fromRoot(`test/parity/goldens/images/test/${file}`));

/** From `cwd`, with captions as JSON lines. */
async function housestyle(args: readonly string[], cwd = fromRoot('.')) {
  const { jsonLines, ...outcome } = await run(args, { cwd });
  return { ...outcome, jsonLines: () => jsonLines<Line>() };
}

describe('housestyle caption', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('prints the golden captions, one picture a line, from any working directory', async () => {
    const { exitCode, stdout, stderr } = await housestyle(['caption', ...files], folder);
    expect(stdout).toBe(pictures.map(({ mlp }, n) => `${files[n]}\t${mlp.beam5[0]!.text}\n`).join(''));
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  it('prints every beam as JSON: caption, score, tokens', async () => {
    const { jsonLines } = await housestyle(['caption', '--json', ...files]);
    jsonLines().forEach((line, n) => {
      const { beam5 } = pictures[n]!.mlp;
      expect(Object.keys(line)).toEqual(['image', 'caption', 'score', 'alternatives']);
      expect([line.image, line.caption]).toEqual([files[n], beam5[0]!.text]);
      expect(line.score).toBeCloseTo(beam5[0]!.score, 4);
      expect(line.alternatives.map(({ caption, tokens }) => ({ text: caption, ids: tokens }))).toEqual(
        beam5.map(({ text, ids }) => ({ text, ids })),
      );
      line.alternatives.forEach(({ score }, rank) => expect(score).toBeCloseTo(beam5[rank]!.score, 4));
    });
  });

  it('computes on the device it is told to, or names what is missing', async () => {
    const { exitCode, stdout, stderr } = await housestyle(['caption', '--device', 'cuda', files[0]!]);
    if (exitCode === 0) {
      expect(areCudaLibrariesInstalled()).toBe(true);
      expect(stdout).toBe(`${files[0]}\t${pictures[0]!.mlp.beam5[0]!.text}\n`);
    } else expect(stderr).toMatch(/^housestyle: device_unavailable: cuda is not there .*install .*CUDA/m);
    expect((await housestyle(['caption', '--device', 'abacus', files[0]!])).exitCode).toBe(2);
  });

  it('takes another mapper, greedily, with the embedding', async () => {
    const mapper = ['--mapper', 'models/demo/mapper-transformer', '--decode', 'greedy'];
    const { jsonLines } = await housestyle(['caption', '--json', '--embedding', ...mapper, ...files]);
    jsonLines().forEach(({ alternatives, embedding }, n) => {
      expect(alternatives.map(({ tokens }) => tokens)).toEqual([pictures[n]!.transformer.greedy.ids]);
      expect(embedding).toHaveLength(128);
    });
  });

  it('takes a model by directory and obeys the numbers', async () => {
    const numbers = ['--num-beams', '3', '--max-new-tokens', '4'];
    const { jsonLines } = await housestyle(['caption', '--json', '--model', './models/demo', ...numbers, files[0]!]);
    const [line] = jsonLines();
    expect(line?.alternatives.map(({ tokens }) => tokens.length)).toEqual([4, 4, 4]);
  });

  it('draws several candidates a picture, the same from the same seed and alone', async () => {
    const drawn = ['--decode', 'sample', '--temperature', '1.3', '--top-k', '50', '--top-p', '0.95'];
    const asJson = ['caption', '--json', ...drawn, '--seed', '5', '--num-return-sequences', '4'];
    const { jsonLines } = await housestyle([...asJson, ...files]);
    jsonLines().forEach(({ caption, score, alternatives }) => {
      expect(alternatives[0]).toMatchObject({ caption, score });
      expect(new Set(alternatives.map((each) => each.caption)).size).toBe(alternatives.length);
    });
    const alone = await housestyle([...asJson, files[1]!]);
    expect(alone.jsonLines()[0]!.alternatives.map(({ tokens }) => tokens)).toEqual(
      jsonLines()[1]!.alternatives.map(({ tokens }) => tokens),
    );
    const other = await housestyle(['caption', '--json', ...drawn, '--seed', '6', files[1]!]);
    expect(other.jsonLines()[0]!.alternatives).toHaveLength(1);
    expect(other.jsonLines()[0]!.caption).not.toBe(jsonLines()[1]!.caption);
  });

  it('prints a line a candidate with its score when asked for several', async () => {
    const { stdout } = await housestyle(['caption', '--scoring', 'hf', '--num-return-sequences', '3', files[0]!]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual([files[0], files[0], files[0]]);
    const scores = lines.map((line) => Number(line.split('\t')[2]));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('reports bad pictures by their codes and captions the others', async () => {
    const [text, empty] = [join(folder, 'text.jpg'), join(folder, 'empty.png')];
    const truncated = join(folder, 'truncated.png');
    const missing = join(folder, 'missing.png');
    await writeFile(text, 'not a picture');
    await writeFile(empty, '');
    await writeFile(truncated, (await readFile(files[0]!)).subarray(0, 4000));
    const images = [files[0]!, text, empty, truncated, missing, folder, files[1]!];
    const expected = [
      undefined,
      'unsupported_format',
      'empty_image',
      'corrupt_image',
      'source_not_found',
      'source_not_found',
      undefined,
    ];
    const asJson = await housestyle(['caption', '--json', ...images]);
    expect(asJson.exitCode).toBe(1);
    expect(asJson.jsonLines().map(({ error }) => error?.code)).toEqual(expected);
    const asText = await housestyle(['caption', ...images]);
    expect(asText.exitCode).toBe(1);
    expect(asText.stdout).toBe([0, 1].map((n) => `${files[n]}\t${pictures[n]!.mlp.beam5[0]!.text}\n`).join(''));
    expect(
      asText.stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(': ')[1]),
    ).toEqual(expected.filter((code) => code !== undefined));
  });

  it.each([
    [['--model', 'nobody'], 'model_not_found: no base model nobody; available: demo'],
    [['--model', 'samples'], 'model_not_found: samples holds no base model; available: demo'],
    [['--mapper', 'nowhere'], 'mapper_not_found'],
  ])('fails with 1 and says why: %s', async (args, message) => {
    const { exitCode, stdout, stderr } = await housestyle(['caption', ...args, files[0]!]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });
});

describe('housestyle', () => {
  it.each([
    [[]],
    [['paint']],
    [['caption']],
    [['caption', '--num-beams', '0', 'x.png']],
    [['caption', '--num-beams', 'many', 'x.png']],
    [['caption', '--decode', 'sideways', 'x.png']],
    [['caption', '--scoring', 'loudest', 'x.png']],
    [['caption', '--decode', 'sample', '--temperature', '0', 'x.png']],
    [['caption', '--decode', 'sample', '--top-p', '1.5', 'x.png']],
    [['caption', '--decode', 'sample', '--seed', '-1', 'x.png']],
    [['caption', '--decode', 'sample', '--num-beams', '3', 'x.png']],
    [['caption', '--decode', 'greedy', '--num-return-sequences', '2', 'x.png']],
    [['caption', '--num-beams', '2', '--num-return-sequences', '3', 'x.png']],
    [['caption', '--temperature', '0.5', 'x.png']],
    [['caption', '--length-penalty', '2', 'x.png']],
    [['caption', '--embedding', 'x.png']],
    [['caption', '--loud', 'x.png']],
    [['models']],
    [['features']],
    [['features', 'folder', '--images', 'a', '--captions', 'b', '--out', 'c.npz']],
    [['train', '--features', 'x.safetensors']],
    [['training', 'run']],
  ])('exits 2 for a wrong command line: %s', async (args) => {
    const { exitCode, stdout, stderr } = await housestyle(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
  });

  it.each([
    [['--help']],
    [['caption', '--help']],
    [['models', 'list', '--help']],
    [['adapt', '--help']],
    [['features', 'folder', '--help']],
    [['train', '--help']],
    [['training', 'run', '--help']],
  ])('teaches by examples: %s', async (args) => {
    const { exitCode, stdout } = await housestyle(args);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Examples:\n[^]*\$ housestyle /);
  });

  it('lists the models that are here', async () => {
    expect((await housestyle(['models', 'list'])).stdout).toMatch(/^demo\t\d+\.\d+\.\d+\t/m);
    const { exitCode, stdout } = await housestyle(['models', 'list', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({
      name: 'demo',
      sha256: expect.stringMatching(/^\w{64}$/) as string,
    });
  });

  it('is what npm links as `housestyle`', async () => {
    const { bin } = JSON.parse(await readFile(fromRoot('apps/cli/package.json'), 'utf8')) as { bin: object };
    expect(bin).toEqual({ housestyle: 'bin/housestyle.js' });
  });
});
