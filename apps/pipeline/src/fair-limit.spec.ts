import { describe, expect, it } from 'vitest';
import { FairLimit } from './fair-limit.js';

/** Work that ends when it is told to; `started` names it in the order it began. */
function gatedWork(limit: FairLimit<string>) {
  const started: string[] = [];
  const end = new Map<string, () => void>();
  const add = (tenant: string, name: string): void =>
    void limit.run(tenant, () => {
      started.push(name);
      return new Promise<void>((resolve) => end.set(name, resolve));
    });
  const finish = async (name: string): Promise<void> => {
    end.get(name)!();
    await settled();
  };
  return { started, add, finish };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('FairLimit', () => {
  it('lets those that wait go in turns between tenants', async () => {
    const { started, add, finish } = gatedWork(new FairLimit(1, false));
    for (const name of ['a1', 'a2', 'a3']) add('a', name);
    for (const name of ['b1', 'b2']) add('b', name);
    await settled();
    for (let index = 0; index < 5; index++) await finish(started[index]!);
    expect(started).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
  });

  it('keeps a quarter of what is left from each tenant, and hands it to the next', async () => {
    const { started, add, finish } = gatedWork(new FairLimit(16, true));
    for (let index = 0; index < 20; index++) add('a', `a${index}`);
    await settled();
    expect(started).toHaveLength(12);
    for (let index = 0; index < 20; index++) add('b', `b${index}`);
    await settled();
    expect(started.slice(12)).toEqual(['b0', 'b1', 'b2']);
    await finish('a0');
    expect(started).toHaveLength(16);
  });

  it('gives a place back when the work fails', async () => {
    const limit = new FairLimit<string>(1, true);
    await expect(limit.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await limit.run('a', () => Promise.resolve('done'))).toBe('done');
  });
});
