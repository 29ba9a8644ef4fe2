import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { float32, int64, type Tensor } from '@housestyle/graph';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { SafetensorsFile } from './safetensors-file.js';
import { encodeSafetensors, type WritableType } from './safetensors-writer.js';

const SEEDS = 2_000;
/** What a number in a header may be replaced by. */
const EVIL =
  '0 -0 -1 1 3 7 2147483648 4294967295 4294967296 9007199254740991 9007199254740993 18446744073709551615 1e308 1e999 0.5 -9e15 "4" null true [] {} [4] "__proto__"'.split(
    ' ',
  );
const EVIL_LENGTHS = [0n, 1n, 7n, 8n, 0x7fff_ffffn, 0xffff_ffffn, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

const good = encodeSafetensors(
  new Map<string, Tensor<WritableType>>([
    ['clip_project.A', float32([1, 2, 3, 4, 5, 6], [2, 3])],
    ['clip_project.B', { type: 'float16', data: Uint16Array.of(1, 2, 3, 4), dims: [4, 1] }],
    ['steps', int64([7, -8])],
    ['scale', float32([9], [])],
  ]),
);
const headerBytes = Number(good.readBigUInt64LE(0));

let folder: string;
/** of one buffer, since it was last set back. */
let largestAllocation = 0;
const RealArrayBuffer = globalThis.ArrayBuffer;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'safetensors-fuzz-'));
  globalThis.ArrayBuffer = class extends RealArrayBuffer {
    constructor(length = 0) {
      largestAllocation = Math.max(largestAllocation, length);
      super(length);
    }
  };
});
afterAll(() => {
  globalThis.ArrayBuffer = RealArrayBuffer;
  rmSync(folder, { recursive: true });
});

it(`takes ${SEEDS} mangled files for damaged or for what they say, and believes no header about how much to read`, () => {
  const outcomes = { refused: 0, opened: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const bytes = mangled(seed);
    const file = path.join(folder, `${seed}`);
    writeFileSync(file, bytes);
    largestAllocation = 0;
    try {
      readAll(file, bytes.length, `seed ${seed}`);
      outcomes.opened++;
    } catch (error) {
      expect(error, `seed ${seed}`).toBeInstanceOf(DomainError);
      expect(error, `seed ${seed}`).toHaveProperty('code', 'corrupt_checkpoint');
      outcomes.refused++;
    }
    expect(largestAllocation, `seed ${seed}`).toBeLessThanOrEqual(bytes.length);
    rmSync(file);
  }
  // mangling reaches both sides, so the test tells them apart
  expect(outcomes.refused).toBeGreaterThan(SEEDS / 2);
  expect(outcomes.opened).toBeGreaterThan(SEEDS / 50);
});

/** Every tensor lies in the file, and reading it gives as many values as its shape says. */
function readAll(file: string, fileBytes: number, what: string): void {
  const opened = SafetensorsFile.open(file, 'model.safetensors');
  for (const name of opened.names()) {
    const { dims, data } = opened.tensor(name)!;
    expect(data.length, `${what}, ${name}`).toBe(dims.reduce((count, dim) => count * dim, 1));
    expect(data.length, `${what}, ${name}`).toBeLessThanOrEqual(fileBytes);
    opened.find(name);
  }
}

function mangled(seed: number): Buffer {
  const random = new Random(seed);
  const below = (limit: number) => random.between(0, limit - 1);
  let bytes = Buffer.from(good);
  for (let rounds = 1 + below(3); rounds > 0; rounds--) {
    const end = Math.min(8 + headerBytes, bytes.length);
    switch (below(6)) {
      case 0:
        bytes[below(bytes.length)]! ^= 1 << below(8);
        break;
      case 1:
        bytes[below(end)] = below(256);
        break;
      case 2:
        bytes = withHeader(bytes, end, (json) => replaceOne(json, /\d+/g, random.pick(EVIL), below));
        break;
      case 3:
        bytes = withHeader(bytes, end, (json) =>
          replaceOne(
            json,
            /"[^"]*"/g,
            random.pick(['"F64"', '"I64"', '"BOOL"', '"shape"', '""', '"__metadata__"', '"F32"']),
            below,
          ),
        );
        break;
      case 4:
        bytes = random.pick([
          bytes.subarray(0, below(bytes.length)),
          Buffer.concat([bytes, Buffer.alloc(1 + below(64))]),
        ]);
        break;
      default:
        if (bytes.length >= 8)
          bytes.writeBigUInt64LE(random.pick([...EVIL_LENGTHS, BigInt(below(2 * bytes.length))]), 0);
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}

/** The header's text changed, its length set right: what is damaged is what it says. */
function withHeader(bytes: Buffer, end: number, change: (json: string) => string): Buffer<ArrayBuffer> {
  const json = Buffer.from(change(bytes.subarray(8, end).toString('latin1')), 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, bytes.subarray(end)]);
}

function replaceOne(text: string, pattern: RegExp, by: string, below: (limit: number) => number): string {
  const found = [...text.matchAll(pattern)];
  const chosen = found[below(found.length)];
  return chosen ? text.slice(0, chosen.index) + by + text.slice(chosen.index + chosen[0].length) : text;
}
