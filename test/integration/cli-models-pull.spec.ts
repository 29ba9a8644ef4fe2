import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demoPixels, startCaptioner } from '../support/captioner.js';
import { demoFiles, publishedDemo, torchTensors } from '../support/demo-repositories.js';
import { housestyle, startHousestyle } from '../support/housestyle.js';
import { HubServer, etagOf } from '../support/hub-server.js';
import { writeResNetBase } from '../support/resnet-base.js';
import { torchFile } from '../support/torch-file.js';
import { waitFor } from '../support/wait-for.js';

const REPOSITORY = 'city-museum/house-style';
const sample = fileURLToPath(new URL('../../samples/samples-00000.png', import.meta.url));

let base: Record<string, Buffer>;
let unnamed: Record<string, Buffer>;
let demoCaption: string;
let folder: string;
let hub: HubServer;

beforeAll(async () => {
  base = await demoFiles();
  base['housestyle.json'] = Buffer.from(base['housestyle.json']!.toString().replace('"demo"', '"house-style"'));
  unnamed = Object.fromEntries(Object.entries(base).filter(([file]) => file !== 'housestyle.json'));
  demoCaption = (await housestyle(['caption', sample])).stdout;
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-pull-'));
  hub = await HubServer.start({
    [REPOSITORY]: { files: base },
    'city-museum/unnamed': { files: unnamed, licence: 'mit' },
  });
});
afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

const environment = () => ({
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: join(folder, 'hf'),
  HF_HUB_CACHE: '',
  HF_HUB_OFFLINE: '',
  HF_TOKEN: '',
  MODEL_LIBRARY: join(folder, 'models'),
});
const run = (args: readonly string[], overlay: Record<string, string> = {}) =>
  housestyle(args, { environment: { ...environment(), ...overlay } });
const pull = (model: string, ...options: string[]) => run(['models', 'pull', model, ...options]);
const caption = async (model: string) => (await run(['caption', '--model', model, sample])).stdout;
const blobs = (repository: string) => join(folder, 'hf/hub', `models--${repository.replace('/', '--')}`, 'blobs');

describe('housestyle models pull org/name', () => {
  it('fetches a base model that captions by its name', async () => {
    const { exitCode, stdout, stderr } = await pull(REPOSITORY);
    expect([exitCode, stderr]).toEqual([0, '']);
    const source = `${REPOSITORY}@${hub.commitOf(REPOSITORY)}`;
    expect(stdout).toBe(
      `house-style\tpulled\t${join(folder, 'models/house-style')}\n  from     ${source}\n  licence  none stated\n`,
    );
    expect(await caption('house-style')).toBe(demoCaption);
    const listed = (await run(['models', 'list', '--json'])).jsonLines<{ name: string; directory: string }>();
    expect(listed.find(({ name }) => name === 'house-style')?.directory).toBe(join(folder, 'models/house-style'));
    expect((await pull(REPOSITORY)).stdout).toMatch(/^house-style\there already\t/);
  });

  it('fetches a base model that a captioner serves by its name', async () => {
    await pull(REPOSITORY);
    const captioner = await startCaptioner({
      MODEL_DIRECTORIES: 'models/demo,house-style',
      MODEL_LIBRARY: join(folder, 'models'),
    });
    try {
      const items = [{ id: 'a', pixels: { rgb: await demoPixels(sample) } }];
      const request = { baseModel: 'house-style', items };
      const { results } = await captioner.client.caption(request, { deadlineMs: 30_000 });
      expect(`${sample}\t${results[0]!.hypotheses[0]!.text}\n`).toBe(demoCaption);
    } finally {
      await captioner.close();
    }
  });

  it('writes down what one without a manifest is', async () => {
    const outcome = (await pull('city-museum/unnamed', '--name', 'ours', '--json')).jsonLines()[0];
    const source = `city-museum/unnamed@${hub.commitOf('city-museum/unnamed')}`;
    expect(outcome).toEqual({
      name: 'ours',
      outcome: 'new',
      directory: join(folder, 'models/ours'),
      sources: [source],
      licence: 'mit',
    });
    const manifest = JSON.parse(await readFile(join(folder, 'models/ours/housestyle.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ name: 'ours', sources: [source], licence: 'mit' });
    expect(await caption('ours')).toBe(demoCaption);
  });

  it('keeps large files once on the disk', async () => {
    await pull(REPOSITORY);
    const weights = base['clip/model.safetensors']!;
    const [here, cached] = await Promise.all([
      stat(join(folder, 'models/house-style/clip/model.safetensors')),
      stat(join(blobs(REPOSITORY), etagOf('a.safetensors', weights))),
    ]);
    expect(here.ino).toBe(cached.ino);
  });

  it('killed, goes on where it was', async () => {
    const weights = base['clip/model.safetensors']!;
    hub.failNext('cdn', etagOf('a.safetensors', weights), { quietAfter: 4_000_000 });
    const killed = startHousestyle(['models', 'pull', REPOSITORY], { environment: environment() });
    const partial = await waitFor('a part of the weights', async () => {
      const names = await readdir(blobs(REPOSITORY)).catch(() => []);
      const name = names.find((candidate) => candidate.endsWith('.incomplete'));
      return name !== undefined && (await stat(join(blobs(REPOSITORY), name))).size === 4_000_000 && name;
    });
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(partial).toContain(etagOf('a.safetensors', weights));
    await expect(readdir(join(folder, 'models'))).rejects.toThrow('ENOENT');
    expect((await pull(REPOSITORY)).exitCode).toBe(0);
    expect(hub.rangesOf(weights)).toEqual([undefined, 'bytes=4000000-']);
    expect(await caption('house-style')).toBe(demoCaption);
  });

  it('twice at once, fetches everything once', async () => {
    const outcomes = await Promise.all([pull(REPOSITORY), pull(REPOSITORY)]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const large = Object.entries(base).filter(([file]) => file.endsWith('.safetensors'));
    expect(large.map(([, bytes]) => hub.rangesOf(bytes))).toEqual(large.map(() => [undefined]));
    expect(await caption('house-style')).toBe(demoCaption);
  });

  it('offline, takes the cache’s and says what it lacks', async () => {
    await pull(REPOSITORY);
    await rm(join(folder, 'models'), { recursive: true });
    const offline = { HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:1' };
    expect((await run(['models', 'pull', REPOSITORY], offline)).exitCode).toBe(0);
    const missing = await run(['models', 'pull', 'clipcap-coco'], offline);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/model_not_found: offline, and .*hf\/hub lacks of akhaliq\/.*: coco_weights\.pt/);
  });

  it('tells the token to the hub alone', async () => {
    hub.repositories[REPOSITORY] = { files: base, token: 'hf_secret', isGated: true };
    const refused = await pull(REPOSITORY);
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringMatching(/source_forbidden.*HF_TOKEN/)]);
    expect((await run(['models', 'pull', REPOSITORY], { HF_TOKEN: 'hf_secret' })).exitCode).toBe(0);
    const told = hub.seen.filter(({ authorization }) => authorization !== undefined).map(({ host }) => host);
    expect(new Set(told)).toEqual(new Set(['hub']));
  });

  it('puts no other version in the place of one that mappers were learned on, unless told to', async () => {
    await pull(REPOSITORY);
    const manifest = Buffer.from(base['housestyle.json']!.toString().replace('"1.0.0"', '"2.0.0"'));
    hub.repositories[REPOSITORY] = { files: { ...base, 'housestyle.json': manifest } };
    const refused = await pull(REPOSITORY);
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringMatching(/conflict: .*--replace/)]);
    expect((await pull(REPOSITORY, '--replace')).stdout).toMatch(/^house-style\treplaced\t/);
    expect(await readdir(join(folder, 'models'))).toEqual(['house-style']);
  });

  it.each([
    [['city-museum/nothing'], /model_not_found: .*HF_TOKEN/],
    [['nobody'], /model_not_found: no model nobody to pull; there are clipcap-coco, .*org\/name/],
    [['city-museum/unnamed', '--name', 'demo'], /conflict: demo is a base model that ships/],
    [['city-museum/unnamed', '--name', '../x'], /invalid_request/],
    [[REPOSITORY, '--name', 'x'], /invalid_request: .* is named house-style/],
    [[REPOSITORY, '--weights', 'x.pt'], /invalid_request: --weights goes with a name/],
    [['clipcap-coco', '--revision', 'v2'], /invalid_request: --revision goes with org\/name/],
  ])('%j is refused', async (args, words) => {
    const { exitCode, stdout, stderr } = await run(['models', 'pull', ...args]);
    expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringMatching(words)]);
  });

  it('refuses what does not fit together, and leaves nothing behind', async () => {
    hub.repositories[REPOSITORY] = { files: { ...base, 'gpt2/merges.txt': Buffer.from('#version: 0.2\n') } };
    const { exitCode, stderr } = await pull(REPOSITORY);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/checksum_mismatch: gpt2\/merges.txt/)]);
    expect(await readdir(join(folder, 'models'))).toEqual([]);
    expect(
      (await readdir(join(folder, 'hf/hub'), { recursive: true })).filter((f) => /lock$|incomplete$/.test(f)),
    ).toEqual([]);
  });
});

describe('housestyle models pull NAME', () => {
  const COCO = 'akhaliq/CLIP-prefix-captioning-COCO-weights';
  const OTHERS = { clip: 'openai/clip-vit-base-patch32', gpt2: 'openai-community/gpt2' };
  beforeEach(async () => {
    const { clip, gpt2, weights } = await publishedDemo();
    Object.assign(hub.repositories, {
      [COCO]: { files: weights },
      [OTHERS.clip]: { files: clip },
      [OTHERS.gpt2]: { files: gpt2, licence: 'mit' },
    });
  });

  it('puts a base model together of CLIP, tokenizer and ClipCap’s checkpoint as they are published', async () => {
    const { exitCode, stdout, stderr } = await pull('clipcap-coco');
    expect([exitCode, stderr]).toEqual([0, '']);
    const sources = [COCO, OTHERS.clip, OTHERS.gpt2].map((repository) => `${repository}@${hub.commitOf(repository)}`);
    expect(stdout).toContain(
      `clipcap-coco\tpulled\t${join(folder, 'models/clipcap-coco')}\n  from     ${sources.join(', ')}\n`,
    );
    expect(stdout).toMatch(/licence {2}code: MIT; weights: none stated/);
    expect(await caption('clipcap-coco')).toBe(demoCaption);
    // the plain GPT-2's weights are in nobody's way: they were not fetched
    expect(hub.rangesOf(base['gpt2/model.safetensors']!)).toEqual([]);
    expect((await pull('clipcap-coco')).stdout).toMatch(/^clipcap-coco\there already\t/);
  });

  it('says where to get weights that are on no hub, and makes a base model of them', async () => {
    const { exitCode, stderr } = await pull('clipcap-coco-transformer');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/model_not_found: no repository of the hub is known to hold its weights/);
    expect(stderr).toMatch(/https:\/\/drive\.google\.com\/file\/d\/1GYPToCqFREwi285wPLhuVExlz7DDUDfJ\/view/);
    expect(stderr).toMatch(/housestyle models pull clipcap-coco-transformer --weights WEIGHTS\.pt/);
    expect(stderr).toMatch(/housestyle import clipcap WEIGHTS\.pt --normalize-prefix --clip DIR --gpt2 DIR --out /);
    const weights = join(folder, 'mine.pt');
    await writeFile(weights, torchFile(new Map([...torchTensors('gpt2', 'gpt.'), ...torchTensors('mapper')])));
    expect((await pull('clipcap-coco', '--weights', weights, '--name', 'mine')).exitCode).toBe(0);
    expect(await caption('mine')).toBe(demoCaption);
  });

  it('makes one of a transformer on OpenAI’s ResNet, whose repository has no configuration of its kind', async () => {
    const reference = join(folder, 'reference');
    await writeResNetBase(reference);
    const from = (file: string) => readFile(join(reference, 'clip', file));
    hub.repositories['timm/resnet50x4_clip.openai'] = {
      files: {
        'vocab.json': await from('vocab.json'),
        'merges.txt': await from('merges.txt'),
        'config.json': Buffer.from('{"architecture": "resnet50x4_clip", "num_features": 640}'),
        'open_clip_config.json': Buffer.from('{"model_cfg": {"embed_dim": 640}}'),
        'open_clip_model.safetensors': await from('model.safetensors'),
      },
    };
    const weights = join(folder, 'transformer.pt');
    await writeFile(weights, torchFile(torchTensors(join(reference, 'mapper'))));
    const { exitCode, stderr } = await pull('clipcap-coco-transformer', '--weights', weights);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(await caption('clipcap-coco-transformer')).toBe(await caption(reference));
    expect(hub.rangesOf(base['gpt2/model.safetensors']!)).toEqual([undefined]);
  });

  it('lists what can be pulled', async () => {
    const { stdout } = await run(['models', 'list', '--available']);
    expect(stdout).toMatch(/^clipcap-coco\t\d+ MB\t/m);
    const entries = (await run(['models', 'list', '--available', '--json'])).jsonLines<Record<string, unknown>>();
    expect(entries.map(({ name }) => name)).toEqual(['clipcap-coco', 'clipcap-conceptual', 'clipcap-coco-transformer']);
    for (const entry of entries)
      expect(Object.keys(entry)).toEqual(expect.arrayContaining(['licence', 'seen', 'sources']));
  });
});
