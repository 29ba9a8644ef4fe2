import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import sharp, { type Sharp } from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { decodeImage } from './decode-image.js';
import { DecodePool, type DecodePoolOptions } from './decode-pool.js';
import { makePreview } from './make-preview.js';
import { resizeForClip } from './resize-for-clip.js';

const SCRIPT = new URL('../dist/decode.main.js', import.meta.url);
const SIZE = 64;
const file = (name: string): Buffer => readFileSync(new URL(`../goldens/${name}`, import.meta.url));
const small = file('orient-6.jpg');

const flat = (side: number): Sharp => sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } });
/** A progressive JPEG of 20 megapixels: 120 MB of coefficients, from some 100 kB. */
let large: Buffer;

beforeAll(async () => {
  large = await flat(4500).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer();
});

const pools: DecodePool[] = [];

function openPool(options: Partial<DecodePoolOptions> = {}): DecodePool {
  const pool = new DecodePool({
    script: SCRIPT,
    size: 2,
    timeoutMs: 15_000,
    maxMemoryBytes: 2 ** 30,
    ...options,
  });
  pools.push(pool);
  return pool;
}

/** A pool of one process that is stopped: what is asked of it stays unanswered. */
async function stoppedPool(options: Partial<DecodePoolOptions> = {}): Promise<{ pool: DecodePool; pid: number }> {
  const pool = openPool({ size: 1, ...options });
  await pool.open();
  const [pid] = pidsOf(pool);
  process.kill(pid!, 'SIGSTOP');
  return { pool, pid: pid! };
}

async function until<T>(what: string, look: () => T | undefined | false | null): Promise<T> {
  for (const end = Date.now() + 10_000; Date.now() < end; await delay(10)) {
    const seen = look();
    if (seen) return seen;
  }
  throw new Error(`${what}: not within 10 s`);
}

const exists = (pid: number): boolean => {
  try {
    // a process that ended but was not waited for is still listed, as a zombie
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const pidsOf = (pool: DecodePool): number[] => pool.processes.map(({ pid }) => pid);

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe('a picture in good health', () => {
  it('comes back as the same pixels and preview that decoding in place gives', async () => {
    const pool = openPool();
    for (const name of ['orient-6.jpg', 'alpha.png', 'rgb.webp', 'rgb.tiff', 'animated.gif', 'cmyk.jpg']) {
      const image = await decodeImage(file(name));
      const { pixels, preview, width, height } = await pool.prepare(file(name), SIZE);
      expect([width, height], name).toEqual([image.width, image.height]);
      expect(Buffer.from(pixels).equals(resizeForClip(image, SIZE)), name).toBe(true);
      expect(preview, name).toEqual(await makePreview(image));
    }
  });

  it('is shrunk on load where the pool is told to, and keeps its size', async () => {
    const picture = await flat(1500)
      .composite([{ input: small, left: 700, top: 300 }])
      .jpeg()
      .toBuffer();
    const image = await decodeImage(picture, { shrinkFor: { imageSize: SIZE } });
    const { pixels, ...size } = await openPool({ isShrinkingOnLoad: true }).crop(picture, SIZE);
    expect(size).toEqual({ width: 1500, height: 1500 });
    expect([image.width, Buffer.from(pixels).equals(resizeForClip(image, SIZE))]).toEqual([166, true]);
    const { pixels: asPillow } = await openPool().crop(picture, SIZE);
    expect(Buffer.from(pixels).equals(asPillow)).toBe(false);
  });

  it('comes without a preview when none is asked for', async () => {
    const { pixels, ...rest } = await openPool().crop(small, SIZE);
    expect(pixels).toHaveLength(SIZE * SIZE * 3);
    expect(Object.keys(rest).sort()).toEqual(['height', 'width']);
  });

  it('gets its own crop among many', async () => {
    const pool = openPool();
    const sizes = Array.from({ length: 40 }, (_, index) => 16 + index);
    const crops = await Promise.all(sizes.map((size) => pool.crop(small, size)));
    const image = await decodeImage(small);
    for (const [index, { pixels }] of crops.entries()) {
      expect(Buffer.from(pixels).equals(resizeForClip(image, sizes[index]!)), `${sizes[index]}`).toBe(true);
    }
    expect(pool.processes).toHaveLength(2);
  });
});

describe('a picture that cannot be decoded', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 'empty_image'],
    ['text', Buffer.from('this is not a picture'), 'unsupported_format'],
    ['a truncated JPEG', small.subarray(0, small.length - 300), 'corrupt_image'],
  ])('%s: its code, from a process that goes on', async (_, bytes, code) => {
    const pool = openPool({ size: 1 });
    await pool.open();
    const before = pool.processes;
    await expect(pool.prepare(bytes, SIZE)).rejects.toMatchObject({ code });
    expect(pool.processes).toEqual(before);
  });

  it('has too many pixels for this pool', async () => {
    const pool = openPool({ maxPixels: 100 });
    await expect(pool.prepare(small, SIZE)).rejects.toMatchObject({ code: 'too_many_pixels' });
  });
});

describe('a process that is lost', () => {
  it('costs a picture nothing the first time', async () => {
    const { pool, pid } = await stoppedPool();
    const prepared = pool.prepare(small, SIZE);
    process.kill(pid, 'SIGKILL');
    await expect(prepared).resolves.toMatchObject({ width: 36, height: 52 });
    expect(pidsOf(pool)).not.toContain(pid);
  });

  it('is blamed on the picture the second time; the others are decoded', async () => {
    const losses: Error[] = [];
    const { pool, pid } = await stoppedPool({ onProcessLost: (error) => losses.push(error) });
    const bad = pool.prepare(large, SIZE);
    const good = Array.from({ length: 5 }, () => pool.prepare(file('rgb.png'), SIZE));
    const verdict = expect(bad).rejects.toMatchObject({ code: 'decoder_crashed' });
    process.kill(pid, 'SIGKILL');
    const isNext = (process: { pid: number; isBusy: boolean }): boolean => process.isBusy && process.pid !== pid;
    const next = await until('a fresh process at work', () => pool.processes.find(isNext));
    process.kill(next.pid, 'SIGSEGV');
    await verdict;
    for (const picture of good) await expect(picture).resolves.toMatchObject({ width: 52 });
    expect(losses.map(({ message }) => message)).toEqual([
      'the decoding process ended (SIGKILL)',
      'the decoding process ended (SIGSEGV)',
    ]);
  });

  it('and ended in an orderly way charges nobody', async () => {
    const { pool, pid } = await stoppedPool();
    const prepared = pool.prepare(small, SIZE);
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGCONT');
    await expect(prepared).resolves.toMatchObject({ width: 36 });
    await until('its end', () => !exists(pid));
  });
});

describe('a system that is short of threads, processes or files', () => {
  let folder: string;

  /** A decoding process with something done to it before it starts, and to the library it decodes with. */
  async function planted(name: string, program: string): Promise<URL> {
    const path = join(folder, `${name}.mjs`);
    const text = `import sharp from '${import.meta.resolve('sharp')}';\n${program}\nawait import('${SCRIPT.href}');\n`;
    await writeFile(path, text);
    return pathToFileURL(path);
  }

  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'decode-pool-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it.each(['glib: Error creating thread: Resource temporarily unavailable', 'vips: Too many open files\\n'])(
    'is no fault of the picture’s: %s',
    async (message) => {
      const script = await planted(
        'short',
        `sharp.prototype.metadata = async () => { throw new Error('${message}'); };`,
      );
      const losses: Error[] = [];
      const pool = openPool({ size: 1, script, onProcessLost: (error) => losses.push(error) });
      const short = expect(pool.crop(small, SIZE)).rejects;
      await short.toMatchObject({ code: 'internal', disposition: 'retry' });
      const told = `the decoding process ended (1: ${message.replace('\\n', '')})`;
      expect(losses.map((error) => error.message)).toEqual([told, told]);
    },
  );

  it('starts no further process; the one that is there does every picture', async () => {
    const flag = join(folder, 'full');
    const script = await planted('first', `if ((await import('node:fs')).existsSync('${flag}')) process.exit(1);`);
    let failedStarts = 0;
    const options = { size: 2, script, restartDelayMs: 1, onProcessLost: () => (failedStarts += 1) };
    const pool = openPool(options);
    await pool.open();
    await writeFile(flag, '');
    const [pid] = pidsOf(pool);
    process.kill(pid!, 'SIGSTOP');
    const crops = Promise.all([pool.crop(small, SIZE), pool.crop(small, SIZE), pool.crop(small, SIZE)]);
    await Promise.race([crops, until('failed starts', () => failedStarts > 5)]);
    process.kill(pid!, 'SIGCONT');
    expect((await crops).map(({ width }) => width)).toEqual([36, 36, 36]);
  });

  it('has no descriptor left for a while, and ends nothing', async () => {
    const program = `
      import { closeSync, openSync } from 'node:fs';
      import { DecodePool } from '${new URL('../dist/index.js', import.meta.url).href}';
      const held = [];
      const onProcessLost = ({ message }) => {
        console.log(message);
        for (const descriptor of held.splice(0)) closeSync(descriptor);
      };
      const pool = new DecodePool({ size: 1, onProcessLost });
      const bytes = Buffer.from('${small.toString('base64')}', 'base64');
      try {
        for (;;) held.push(openSync('/dev/null'));
      } catch {}
      console.log((await pool.crop(bytes, 64)).width);`;
    await writeFile(join(folder, 'full.mjs'), program);
    const command = 'ulimit -n 64; exec "$0" "$1"';
    const parent = spawn('/bin/sh', ['-c', command, process.execPath, join(folder, 'full.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    parent.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [exit] = (await once(parent, 'close')) as [number];
    expect([output, exit]).toEqual(['the decoding process ended (-24: spawn /bin/sh EMFILE)\n36\n', 0]);
  });
});

describe('a picture that takes too much', { timeout: 60_000 }, () => {
  it('of time is told so; its process is gone, and the next picture is decoded', async () => {
    const { pool, pid } = await stoppedPool({ timeoutMs: 2_000 });
    const hanging = expect(pool.prepare(small, SIZE)).rejects.toMatchObject({ code: 'decode_timeout' });
    const good = pool.crop(small, SIZE);
    await hanging;
    await until('its end', () => !exists(pid));
    await expect(good).resolves.toMatchObject({ width: 36 });
  });

  it('of memory is told so, whether its decoder fails or aborts; the next picture is decoded', async () => {
    const pool = openPool({ size: 1, maxMemoryBytes: 192 * 2 ** 20 });
    for (const hungry of [large, await flat(4500).gif({ effort: 1 }).toBuffer()]) {
      await expect(pool.crop(hungry, SIZE)).rejects.toMatchObject({ code: 'decode_out_of_memory' });
      await expect(pool.crop(small, SIZE)).resolves.toMatchObject({ width: 36 });
    }
  });

  it('of memory by the decoder’s own rules needs no temporary file', async () => {
    const picture = await flat(6000).webp({ effort: 0 }).toBuffer();
    await expect(openPool().crop(picture, SIZE)).resolves.toMatchObject({ width: 6000 });
  });

  it('of computing takes it elsewhere', async () => {
    const pool = openPool({ size: 1 });
    await pool.open();
    // in time of a processor, which does not depend on who else uses it
    const cpuMicrosOf = async (work: () => Promise<unknown>) => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const elsewhere = await cpuMicrosOf(() => pool.prepare(large, SIZE));
    expect(elsewhere).toBeLessThan((await cpuMicrosOf(() => decodeImage(large))) / 2);
  });
});

describe('its processes', () => {
  it('see nothing of this environment, and no file but their own', async () => {
    process.env['SECRET_OF_THE_PARENT'] = 'canary';
    const pool = openPool({ size: 1 });
    await pool.open();
    const [pid] = pidsOf(pool);
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain('canary');
    const names = readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .map((entry) => entry.split('=')[0]);
    expect(names.filter((name) => name !== '' && name !== 'PWD').sort()).toEqual([
      'MALLOC_ARENA_MAX',
      'UV_THREADPOOL_SIZE',
      'VIPS_BLOCK_UNTRUSTED',
      'VIPS_DISC_THRESHOLD',
    ]);
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
    expect(limits).toMatch(new RegExp(`^Max data size +${2 ** 30} `, 'm'));
    expect(limits).toMatch(/^Max file size +0 /m);
    expect(limits).toMatch(/^Max core file size +0 /m);
  });

  it('end when there is nothing to do, but for one', async () => {
    const pool = openPool({ size: 2, idleMs: 50 });
    await Promise.all(Array.from({ length: 12 }, () => pool.crop(small, SIZE)));
    await until('one to be left', () => pool.processes.length === 1);
    await delay(150);
    expect(pool.processes).toHaveLength(1);
  });

  it('end with the pool; what waits is told so', async () => {
    const { pool, pid } = await stoppedPool();
    const waiting = expect(pool.prepare(small, SIZE)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await pool.close();
    await waiting;
    expect(exists(pid)).toBe(false);
    await expect(pool.prepare(small, SIZE)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('end when the pool’s own process is killed, in the middle of a picture', async () => {
    const [index, picture] = [new URL('../dist/index.js', import.meta.url), large.toString('base64')];
    const program = `
      import { DecodePool } from '${index.href}';
      const pool = new DecodePool({ size: 2, timeoutMs: 60_000, maxMemoryBytes: 2 ** 30 });
      await pool.open();
      for (let n = 0; n < 100; n++) void pool.crop(Buffer.from('${picture}', 'base64'), 64);
      setInterval(() => console.log(pool.processes.filter(({ isBusy }) => isBusy).map(({ pid }) => pid).join()), 20);`;
    const folder = await mkdtemp(join(tmpdir(), 'decode-pool-'));
    await writeFile(join(folder, 'parent.mjs'), program);
    const parent = spawn(process.execPath, [join(folder, 'parent.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    parent.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [, first, second] = await until('two at work', () => /^(\d+),(\d+)$/m.exec(output));
    parent.kill('SIGKILL');
    await until('their end', () => !exists(Number(first)) && !exists(Number(second)));
    await rm(folder, { recursive: true });
  });

  it('do not keep the pool’s own process from ending when its work is done', async () => {
    const program = `
      import { DecodePool } from '${new URL('../dist/index.js', import.meta.url).href}';
      const { width } = await new DecodePool({ size: 2 }).crop(Buffer.from('${small.toString('base64')}', 'base64'), 64);
      console.log(width);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, exit] = await Promise.all([once(parent.stdout, 'data'), once(parent, 'exit')]);
    expect([String(output[0]), exit[0]]).toEqual(['36\n', 0]);
  });

  it.each([
    ['end at once', './nothing.js', '(1'],
    // refused by Node itself, as a system without memory for another is
    ['are not to be had', './nothing%00.js', '(-1: The argument'],
  ])('that %s fail the opening, and in the end the pictures', async (_, script, how) => {
    const pool = openPool({ script: new URL(script, import.meta.url), restartDelayMs: 1 });
    await expect(pool.open()).rejects.toThrow(`the decoding process ended ${how}`);
    await expect(pool.prepare(small, SIZE)).rejects.toMatchObject({ code: 'internal' });
  });
});
