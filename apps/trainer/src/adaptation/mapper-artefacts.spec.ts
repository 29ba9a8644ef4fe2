import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { FileObjectStore } from '@housestyle/object-store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointObjects } from './checkpoint-objects.js';
import { MapperArtefacts, removeArtefact } from './mapper-artefacts.js';

const BASE = { name: 'demo', sha256: 'ba5e'.repeat(16) };
const tensor = (dims: readonly number[]) => ({ type: 'float32', dims, data: new Float32Array(96) }) as const;
const MAPPER = {
  config: { mapping_type: 'mlp', prefix_length: 10 },
  decoderDelta: new Map([
    ['transformer.h.0.attn.c_attn.A', tensor([96, 1])],
    ['transformer.h.0.attn.c_attn.B', tensor([1, 96])],
  ]),
} as const;

let folder: string;

beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'housestyle-artefacts-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const filesLeft = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map(({ name }) => name);

it('leaves nothing of an artefact that was noted and then stored by half', async () => {
  const store = new FileObjectStore(folder);
  const artefacts = await MapperArtefacts.open(store, BASE);
  const written = await artefacts.write(MAPPER);
  await new CheckpointObjects(store, 'checkpoints/one').noteArtefact(written);
  await artefacts.publish(written);
  await artefacts.close();
  // as if the process had been killed before the last one
  await store.delete(`${written.key}/manifest.json`);
  expect(await filesLeft()).toContain('decoder_delta.safetensors');

  const found = new CheckpointObjects(store, 'checkpoints/one');
  for (const artefact of await found.artefacts()) await removeArtefact(store, artefact);
  await found.discard();
  expect(await filesLeft()).toEqual([]);
});

it('says what to do about a champion whose manifest is no longer one, and not when the store is away', async () => {
  const store = new FileObjectStore(folder);
  const champion = { id: 'one', sha256: 'ab'.repeat(32), key: 'mappers/damaged' };
  await store.put(`${champion.key}/manifest.json`, Buffer.from('{"files": '));
  const artefacts = await MapperArtefacts.open(store, BASE);
  await expect(artefacts.pull(champion)).rejects.toMatchObject({
    code: 'invalid_model',
    message: expect.stringMatching(/repair it, or promote another version or the base’s own$/) as string,
  });
  await artefacts.close();
  const away = Object.assign(new FileObjectStore(folder), {
    read: () => Promise.reject(new DomainError('store_unavailable', 'no answer')),
  });
  const others = await MapperArtefacts.open(away, BASE);
  await expect(others.pull(champion)).rejects.toMatchObject({ code: 'store_unavailable', message: 'no answer' });
  await others.close();
});
