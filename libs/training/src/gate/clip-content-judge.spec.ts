import { MemoryWeights, type GraphRunner, type GraphSession } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { clipVariant } from '../../../../test/parity/clip-variants.js';
import { ClipContentJudge } from './clip-content-judge.js';

const { files } = clipVariant('vit-b-16, quick_gelu');
const P = 32;
/** What texts of one letter are to a picture: the cosine. */
const COSINES = { a: 1, b: 0.5, c: 0.25, d: -0.5 };
const letters = Object.keys(COSINES).map((letter, id) => [`${letter}</w>`, id] as const);
const tokenizer = {
  vocab: { ...Object.fromEntries(letters), '<|startoftext|>': 38, '<|endoftext|>': 39 },
  merges: '#version: 0.2\n',
};

/** A text tower that goes by the first letter, and counts what is asked of it. */
class FirstLetterTower implements GraphRunner {
  readonly batches: (readonly number[])[] = [];
  isLoaded = false;

  constructor(private readonly look: () => void = () => undefined) {}

  async load(): Promise<GraphSession> {
    this.isLoaded = true;
    const run: GraphSession['run'] = async (feeds) => {
      const { data, dims } = feeds['input_ids']!;
      const [B, T] = [dims[0]!, dims[1]!];
      this.batches.push([B, T]);
      this.look();
      const embeddings = new Float32Array(B * P);
      for (let row = 0; row < B; row++) {
        const cosine = Object.values(COSINES)[Number(data[row * T + 1])] ?? 0;
        embeddings.set([7 * cosine, 7 * Math.sqrt(1 - cosine ** 2)], row * P);
      }
      return { text_embeds: { type: 'float32', dims: [B, P], data: embeddings } };
    };
    return { inputNames: [], outputNames: [], run, release: async () => void (this.isLoaded = false) };
  }
}

const picture = Float32Array.from({ length: P }, (_, at) => (at === 0 ? 3 : 0));
const captions = (texts: readonly string[]) => texts.map((text) => ({ text, length: 1, isStopped: true }));
const question = (references: string, before: string, after: string, pictures = references.length) => ({
  champion: { config: {} },
  candidate: { config: {} },
  asked: { named: new Map<string, string>(), unnamed: new Set<string>() },
  contest: {
    examples: [...references].map((text, n) => ({
      id: `${n}`,
      embedding: picture,
      text,
      isCorrected: true,
      reviewedAt: new Date(n),
      imageKey: `picture-${n % pictures}`,
    })),
    champion: captions([...before]),
    candidate: captions([...after]),
  },
  seed: 1,
});

describe('content by CLIP', () => {
  const clip = { ...files, tokenizer };

  it('is what captions say of their pictures beside what the reviewed texts say, and no more than all of it', async () => {
    const tower = new FirstLetterTower();
    const judge = new ClipContentJudge(clip, tower);
    const { champion, candidate } = await judge.content(question('bbb', 'aaa', 'bcd'));
    expect(champion).toBe(1);
    expect(candidate).toBeCloseTo((1 + 0.5 + 0) / 3);
    expect(tower.isLoaded).toBe(false);
  });

  it('asks nothing where CLIP finds nothing of the picture in the reviewed text', async () => {
    const judge = new ClipContentJudge(clip, new FirstLetterTower());
    const { champion, candidate } = await judge.content(question('bd', 'ca', 'bd'));
    expect(champion).toBeCloseTo(0.5);
    expect(candidate).toBe(1);
    expect(await judge.content(question('dd', 'aa', 'aa'))).toMatchObject({ champion: 0, candidate: 0 });
  });

  it('says how likely the candidate says no more, of pictures and not of captions, and not beside the base', async () => {
    const judge = new ClipContentJudge(clip, new FirstLetterTower());
    const [none, one, all] = ['c'.repeat(20), `${'c'.repeat(19)}b`, 'b'.repeat(20)];
    const p = async (after: string, pictures?: number) => (await judge.content(question(all, none, after, pictures))).p;
    expect(await p(all)).toBeLessThan(0.01);
    expect(await p(one)).toBeGreaterThan(0.2);
    expect(await p(none)).toBe(1);
    expect(await p(one, 1)).toBeLessThan(0.01);
    expect(await judge.content({ ...question(all, none, all), champion: undefined })).not.toHaveProperty('p');
  });

  it('reads texts in batches, cut to what the tower takes, and stops between them', async () => {
    const controller = new AbortController();
    const tower = new FirstLetterTower(() => controller.abort(new Error('enough')));
    const long = question('b'.repeat(100), 'b'.repeat(100), 'b'.repeat(100));
    long.contest.examples[0]!.text = 'b '.repeat(100);
    await expect(new ClipContentJudge(clip, tower, controller.signal).content(long)).rejects.toThrow('enough');
    expect(tower.batches).toEqual([[32, 9]]);
    expect(tower.isLoaded).toBe(false);
  });

  it('takes a CLIP that reads texts', () => {
    const names = files.weights.names().filter((name) => !name.startsWith('text_'));
    const weights = new MemoryWeights('few', new Map(names.map((name) => [name, files.weights.tensors.get(name)!])));
    const refused = (message: string) => expect.objectContaining({ code: 'invalid_model', message }) as Error;
    expect(() => new ClipContentJudge({ ...clip, weights }, new FirstLetterTower())).toThrow(
      refused('few: this CLIP has no text tower'),
    );
  });
});
