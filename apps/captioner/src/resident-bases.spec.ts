import { DomainError } from '@housestyle/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { ResidentBases, type Resident, type ResidentBasesOptions } from './resident-bases.js';

/** A base that is loaded and closed when the test says so; unless it says that, at once. */
class Loader {
  readonly log: string[] = [];
  readonly held = new Map<string, { load: (error?: Error) => void }>();
  private readonly slow = new Set<string>();

  hold(name: string): void {
    this.slow.add(name);
  }

  readonly load = async (name: string): Promise<NamedBase> => {
    this.log.push(`load ${name}`);
    if (this.slow.delete(name)) {
      await new Promise<void>((resolve, reject) =>
        this.held.set(name, { load: (error) => (error ? reject(error) : resolve()) }),
      );
    }
    return { name, close: async () => void this.log.push(`close ${name}`) };
  };
}

interface NamedBase extends Resident {
  readonly name: string;
}

const ANYBODY = { items: 1, deadline: Infinity, signal: new AbortController().signal };
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let bases: ResidentBases<NamedBase>;
let loader: Loader;

function start(
  sizes: Readonly<Record<string, number>>,
  options: Partial<ResidentBasesOptions<NamedBase>> = {},
): ResidentBases<NamedBase> {
  loader = new Loader();
  bases = new ResidentBases(new Map(Object.entries(sizes)), {
    maxBytes: 2,
    load: loader.load,
    loadTimeoutMs: 5_000,
    maxWaiting: 10,
    ...options,
  });
  return bases;
}
const nameOf = (name: string, use = ANYBODY) => bases.use(name, use, async (base) => base.name);
/** A caller that stays until it is let go. */
function stay(name: string): { done: Promise<void>; go: () => void } {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  return { done: bases.use(name, ANYBODY, () => gone), go };
}

afterEach(() => bases.close());

describe('the resident bases', () => {
  it('are at first those that fit, in order', async () => {
    await start({ a: 1, large: 2, b: 1 }).loadFirst();
    expect(bases.loadedNames).toEqual(['a', 'b']);
    expect(bases.takenBytes).toBe(2);
  });

  it('make room for another by closing the longest unused', async () => {
    await start({ a: 1, b: 1, c: 1 }).loadFirst();
    await nameOf('b');
    await nameOf('a');
    expect(await nameOf('c')).toBe('c');
    expect(loader.log).toEqual(['load a', 'load b', 'close b', 'load c']);
    expect(await nameOf('b')).toBe('b');
    expect(loader.log.slice(4)).toEqual(['close a', 'load b']);
    expect(bases.takenBytes).toBe(2);
  });

  it('close several for a large one', async () => {
    await start({ a: 1, b: 1, large: 2 }).loadFirst();
    expect(await nameOf('large')).toBe('large');
    expect(bases.loadedNames).toEqual(['large']);
  });

  it('are never closed while they have something to do', async () => {
    await start({ a: 1, b: 1, c: 1 }, { turnMs: 60_000 }).loadFirst();
    const [inA, inB] = [stay('a'), stay('b')];
    const c = nameOf('c');
    await tick();
    expect(loader.log).toEqual(['load a', 'load b']);
    inB.go();
    expect(await c).toBe('c');
    expect(bases.loadedNames).toEqual(['a', 'c']);
    inA.go();
    await Promise.all([inA.done, inB.done]);
  });

  it('make way after a turn though they are always busy, and take those who waited in again', async () => {
    await start({ a: 1, b: 1, c: 1 }, { turnMs: 20 }).loadFirst();
    const [inA, inB] = [stay('a'), stay('b')];
    const c = stay('c');
    await new Promise((resolve) => setTimeout(resolve, 40));
    // nobody new comes into the one that leaves
    const again = nameOf('a');
    inA.go();
    await inA.done;
    await tick();
    expect(bases.loadedNames).toEqual(['b', 'c']);
    c.go();
    expect(await again).toBe('a');
    inB.go();
    await Promise.all([inB.done, c.done]);
  });

  it('are loaded once for all who wait', async () => {
    start({ a: 1 });
    loader.hold('a');
    const all = [nameOf('a'), nameOf('a'), nameOf('a')];
    await tick();
    loader.held.get('a')!.load();
    expect(await Promise.all(all)).toEqual(['a', 'a', 'a']);
    expect(loader.log).toEqual(['load a']);
  });

  it('do not wait for one that is slow to load', async () => {
    start({ a: 1, slow: 1 });
    loader.hold('slow');
    const slow = nameOf('slow');
    expect(await nameOf('a')).toBe('a');
    loader.held.get('slow')!.load();
    expect(await slow).toBe('slow');
  });

  it('let nobody wait longer than agreed; the loading goes on', async () => {
    start({ slow: 1 }, { loadTimeoutMs: 20 });
    loader.hold('slow');
    await expect(nameOf('slow')).rejects.toMatchObject({ code: 'model_unavailable', disposition: 'retry' });
    loader.held.get('slow')!.load();
    await tick();
    expect(bases.loadedNames).toEqual(['slow']);
  });

  it('let nobody wait beyond its deadline, nor when it has gone away', async () => {
    start({ slow: 1 });
    loader.hold('slow');
    const late = nameOf('slow', { ...ANYBODY, deadline: Date.now() + 20 });
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const controller = new AbortController();
    const gone = nameOf('slow', { ...ANYBODY, signal: controller.signal });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(bases.waitingItems).toBe(0);
  });

  it('refuse more waiting items than agreed', async () => {
    start({ slow: 1 });
    loader.hold('slow');
    const waiting = nameOf('slow', { ...ANYBODY, items: 8 });
    await expect(nameOf('slow', { ...ANYBODY, items: 3 })).rejects.toMatchObject({ code: 'captioner_overloaded' });
    loader.held.get('slow')!.load();
    expect(await waiting).toBe('slow');
  });

  it('tell all who wait when one cannot be loaded, do not try it at once again, and go on with the others', async () => {
    start({ bad: 2, a: 1 }, { retryAfterMs: 30 });
    loader.hold('bad');
    const all = [nameOf('bad'), nameOf('bad')];
    await tick();
    const a = nameOf('a');
    loader.held.get('bad')!.load(new DomainError('corrupt_checkpoint', 'gpt2/model.safetensors is truncated'));
    for (const one of all) {
      await expect(one).rejects.toMatchObject({
        code: 'model_unavailable',
        message: 'base model bad: corrupt_checkpoint: gpt2/model.safetensors is truncated',
      });
    }
    expect(await a).toBe('a');
    await expect(nameOf('bad')).rejects.toMatchObject({ code: 'model_unavailable' });
    expect(loader.log).toEqual(['load bad', 'load a']);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(await nameOf('bad')).toBe('bad');
  });

  it('fail the start with the reason itself', async () => {
    start({ bad: 1 });
    loader.hold('bad');
    const started = bases.loadFirst();
    await tick();
    loader.held.get('bad')!.load(new DomainError('device_unavailable', 'no GPU'));
    await expect(started).rejects.toMatchObject({ code: 'device_unavailable' });
  });

  it('give the place in the queue to the next when nobody wants a base any more', async () => {
    await start({ a: 1, b: 1, c: 1 }, { turnMs: 60_000 }).loadFirst();
    const [inA, inB] = [stay('a'), stay('b')];
    const controller = new AbortController();
    const gone = nameOf('c', { ...ANYBODY, signal: controller.signal });
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'deadline_exceeded' });
    inA.go();
    inB.go();
    await Promise.all([inA.done, inB.done]);
    expect(bases.loadedNames).toEqual(['a', 'b']);
    expect(await nameOf('c')).toBe('c');
  });

  it('hold for any order of many callers: no more than the budget, each its own base', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    start({ a: 1, b: 1, c: 1, d: 2, e: 1 }, { turnMs: 2, maxWaiting: 1_000 });
    let most = 0;
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const calls = Array.from({ length: 300 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, random(200)));
      const name = names[random(names.length)]!;
      const used = await bases.use(name, { ...ANYBODY, signal: new AbortController().signal }, async (base) => {
        most = Math.max(most, bases.takenBytes);
        await new Promise((resolve) => setTimeout(resolve, random(5)));
        expect(loader.log.filter((line) => line === `load ${base.name}`).length).toBe(
          loader.log.filter((line) => line === `close ${base.name}`).length + 1,
        );
        return base.name;
      });
      expect([n, used]).toEqual([n, name]);
    });
    await Promise.all(calls);
    expect(most).toBe(2);
    expect(bases.waitingItems).toBe(0);
  });
});
