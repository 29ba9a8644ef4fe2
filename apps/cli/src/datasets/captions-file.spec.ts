import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCaptionsFile } from './captions-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-captions-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, text: string) {
  await writeFile(join(folder, name), text);
  return readCaptionsFile(join(folder, name));
}

describe('a file of captions', () => {
  it('is JSON lines, in their order, blank ones left out', async () => {
    const text = '{"file":"./a/1.png","caption":" A boat. "}\n\n{"file_name":"2.png","text":"A tree."}\r\n';
    expect(await read('c.jsonl', text)).toEqual([
      { file: 'a/1.png', caption: 'A boat.' },
      { file: '2.png', caption: 'A tree.' },
    ]);
  });

  it('or comma-separated values under a header, quoted as spreadsheets do', async () => {
    const text = '\uFEFFid,caption,file\r\n1,"A ""red"" boat,\nand a tree.",a b.png\r\n\r\n2,Two boats.,c.png';
    expect(await read('c.csv', text)).toEqual([
      { file: 'a b.png', caption: 'A "red" boat,\nand a tree.' },
      { file: 'c.png', caption: 'Two boats.' },
    ]);
  });

  it.each([
    ['c.jsonl', '{"file":"1.png","caption":"A boat."}\n{"file":', 'line 2: not JSON'],
    ['c.jsonl', '{"image":"1.png","caption":"A boat."}', 'line 1: no file'],
    ['c.jsonl', '["1.png","A boat."]', 'line 1: no file'],
    ['c.jsonl', '{"file":"1.png","caption":" "}', 'line 1: no caption of 1.png'],
    ['c.jsonl', '\n', 'no captions in it'],
    ['c.csv', 'name,words\n1.png,A boat.', 'line 1: the header must name the columns file and caption'],
    ['c.csv', 'file,caption\n1.png,"A\nboat."\n2.png,', 'line 4: no caption of 2.png'],
  ])('%s of %j is refused: %s', async (name, text, complaint) => {
    await expect(read(name, text)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(complaint) as string,
    });
  });

  it('that is not there is named', async () => {
    await expect(readCaptionsFile(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
