import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const DEMO = resolve('models/demo');
/** The demo base in Russian. */
export const DEMO_RU = resolve('models/demo-ru');

export interface MadeBases {
  /** a base of its own name: the demo with its transformer mapper. */
  readonly transformer: string;
  /** one whose files are whole and do not fit together. */
  readonly broken: string;
  remove(): Promise<void>;
}

/** Bases made out of the demo, which say nothing of themselves: their names are their folders'. */
export async function makeBases(): Promise<MadeBases> {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-bases-'));
  const make = async (name: string, mapper: string): Promise<string> => {
    const base = join(folder, name);
    await mkdir(base);
    for (const part of ['clip', 'gpt2']) await cp(join(DEMO, part), join(base, part), { recursive: true });
    await cp(join(DEMO, mapper), join(base, 'mapper'), { recursive: true });
    return base;
  };
  const transformer = await make('demo-transformer', 'mapper-transformer');
  const broken = await make('demo-broken', 'mapper');
  const config = join(broken, 'mapper/config.json');
  const right = JSON.parse(await readFile(config, 'utf8')) as object;
  await writeFile(config, JSON.stringify({ ...right, prefix_length: 7 }));
  return { transformer, broken, remove: () => rm(folder, { recursive: true }) };
}
