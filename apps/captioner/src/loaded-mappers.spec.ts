import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeMapperArtefact } from '@housestyle/checkpoints';
import type { CaptionEngine, MapperHandle, MapperVersionFiles } from '@housestyle/clipcap';
import { float32 } from '@housestyle/graph';
import { SharedBlocks, SharedMemory } from '@housestyle/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../test/support/wait-for.js';
import { LoadedMappers } from './loaded-mappers.js';
import type { LocalMapper } from './worker-messages.js';

const BASE = { name: 'demo', sha256: 'a'.repeat(64) };
const LAYER = 'transformer.h.0.attn.c_attn';
const BYTES = 4 * (6 * 2 + 2 * 18);

/** What a thread has: an engine that takes what it is given, and its end of the memory shared with others. */
class Thread {
  readonly loaded: MapperVersionFiles[] = [];
  readonly released: string[] = [];
  readonly mappers: LoadedMappers;
  /** what a thread says arrives behind what it is doing, in order. */
  private readonly memory: SharedMemory = new SharedMemory((message) =>
    queueMicrotask(() => this.blocks.receive(this, message)),
  );

  constructor(
    private readonly blocks: SharedBlocks<Thread>,
    maxEntries: number,
  ) {
    const engine = {
      loadMapper: (files: MapperVersionFiles, id: string) => {
        this.loaded.push(files);
        return Promise.resolve({ id, bytes: BYTES } as MapperHandle);
      },
      releaseMapper: ({ id }: MapperHandle) => Promise.resolve(void this.released.push(id)),
    };
    const limits = { maxEntries, maxBytes: 1e6 };
    this.mappers = new LoadedMappers(engine as unknown as CaptionEngine, BASE, this.memory, limits);
  }

  tell(message: Parameters<SharedMemory['receive']>[0]): void {
    queueMicrotask(() => this.memory.receive(message));
  }

  /** The values of A, where the last loaded version has them. */
  get a(): Float32Array {
    return this.loaded.at(-1)!.decoderDelta!.read(`${LAYER}.A`)!;
  }
}

describe('LoadedMappers', () => {
  let root: string;
  let blocks: SharedBlocks<Thread>;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'housestyle-mappers-'));
    blocks = new SharedBlocks();
  });
  afterEach(() => rm(root, { recursive: true }));

  async function put(name: string, value: number): Promise<LocalMapper> {
    const directory = path.join(root, name);
    const matrix = (rows: number, columns: number) =>
      float32(new Float32Array(rows * columns).fill(value), [rows, columns]);
    const decoderDelta = new Map([
      [`${LAYER}.A`, matrix(6, 2)],
      [`${LAYER}.B`, matrix(2, 18)],
    ]);
    const sha256 = await writeMapperArtefact(directory, { config: { name }, decoderDelta, base: BASE });
    return { sha256, directory };
  }

  const use = (thread: Thread, mapper: LocalMapper) => thread.mappers.with(mapper, () => Promise.resolve());

  it('reads a delta where another thread has put it, and leaves it to the next when no thread has it any more', async () => {
    const [one, other] = [new Thread(blocks, 1), new Thread(blocks, 1)];
    const [first, second] = [await put('first', 1), await put('second', 2)];
    await Promise.all([use(one, first), use(other, first)]);
    expect(one.a.buffer).toBe(other.a.buffer);
    expect(Array.from(other.a)).toEqual(Array(12).fill(1));
    expect(blocks.bytes).toBe(BYTES);
    const { buffer } = one.a;
    await use(one, second);
    expect(one.a.buffer).not.toBe(buffer);
    await use(other, second);
    expect(other.a.buffer).toBe(one.a.buffer);
    await waitFor('the first to be given up', () => blocks.bytes === BYTES);
    const third = await put('third', 3);
    await use(one, third);
    expect(one.a.buffer).toBe(buffer);
    expect(Array.from(one.a)).toEqual(Array(12).fill(3));
    expect(Array.from(other.a)).toEqual(Array(12).fill(2));
  });

  it('gives each up once, though another takes its place while it is given back', async () => {
    const [one, other] = [new Thread(blocks, 1), new Thread(blocks, 1)];
    const [first, second] = [await put('first', 1), await put('second', 2)];
    await use(other, first);
    const failing = one.mappers.with(first, () => Promise.reject(new Error('no caption')));
    await Promise.all([failing.catch(() => undefined), use(one, second), use(one, second)]);
    for (let turn = 0; turn < 3; turn++) await Promise.all([use(one, first), use(one, second)]);
    await use(one, second);
    expect(new Set(one.released)).toEqual(new Set([first.sha256, second.sha256]));
    expect(one.loaded.length - one.released.length).toBe(1);
    expect(Array.from(other.a)).toEqual(Array(12).fill(1));
    await waitFor('both to hold one each', () => blocks.bytes === 2 * BYTES);
  });

  it('refuses what is no number before anything of it lies in memory that others get', async () => {
    const thread = new Thread(blocks, 1);
    const good = await put('good', 1);
    await use(thread, good);
    await expect(use(thread, await put('bad', NaN))).rejects.toMatchObject({ code: 'invalid_model' });
    await use(thread, await put('next', 2));
    expect(blocks.bytes).toBe(BYTES);
  });
});
