import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ClipTokenizer, Gpt2Tokenizer, type BpeFiles } from '@housestyle/clipcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { demoBase, GOLDENS_FOLDER, referenceTexts } from './reference.js';

/** Made by make-tokenizer-goldens.py. */
const goldens = JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'tokenizer-goldens.json'), 'utf8')) as {
  readonly encode: readonly { text: string; gpt2: number[]; decoded: string; clip: number[] }[];
  readonly decode: readonly { ids: number[]; text: string }[];
};
const MAX_CLIP_TOKENS = 40;
let gpt2: Gpt2Tokenizer;
let clip: ClipTokenizer;
let files: BpeFiles;

beforeAll(async () => {
  const base = await demoBase();
  files = base.gpt2.tokenizer;
  gpt2 = new Gpt2Tokenizer(files);
  clip = new ClipTokenizer(base.clip.tokenizer, MAX_CLIP_TOKENS);
});

describe('GPT-2 tokenizer', () => {
  it('gives the reference’s ids', () => {
    for (const { text, gpt2_ids } of referenceTexts().texts) expect(gpt2.encode(text)).toEqual(gpt2_ids);
    for (const { text, gpt2: ids } of goldens.encode) expect(gpt2.encode(text), JSON.stringify(text)).toEqual(ids);
  });

  it('decodes to the reference’s text, and back to what was encoded', () => {
    for (const { text, gpt2: ids, decoded } of goldens.encode) {
      expect(gpt2.decode(ids)).toBe(decoded);
      expect(decoded).toBe(text);
    }
  });

  it('marks characters cut in two, as the reference does', () => {
    for (const { ids, text } of goldens.decode) expect(gpt2.decode(ids)).toBe(text);
  });

  it('takes a merges file with Windows line ends', () => {
    const windows = new Gpt2Tokenizer({ ...files, merges: files.merges.replaceAll('\n', '\r\n') });
    expect(windows.encode('A red car.')).toEqual(gpt2.encode('A red car.'));
  });

  it.each([
    ['no end of text', { vocab: { a: 0 }, merges: '' }],
    ['merges that are no pairs', { vocab: { '<|endoftext|>': 0 }, merges: '#version: 0.2\na b c' }],
  ])('refuses files with %s', (_, malformed) => {
    expect(() => new Gpt2Tokenizer(malformed)).toThrowError(
      expect.objectContaining({ code: 'invalid_model' }) as Error,
    );
  });
});

describe('CLIP tokenizer', () => {
  it('gives the reference’s ids', () => {
    for (const { text, clip_ids } of referenceTexts().texts) expect(clip.encode(text)).toEqual(clip_ids);
    for (const { text, clip: ids } of goldens.encode) expect(clip.encode(text), JSON.stringify(text)).toEqual(ids);
  });

  it('cuts a long text and keeps its end', () => {
    const ids = clip.encode('a red car '.repeat(100));
    expect(ids).toHaveLength(MAX_CLIP_TOKENS);
    expect(ids.at(-1)).toBe(clip.endOfTextId);
  });
});
