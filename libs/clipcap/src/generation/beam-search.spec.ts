import { describe, expect, it } from 'vitest';
import { Random } from '../../../../test/support/random.js';
import { BeamSearch } from './beam-search.js';
import { GreedySearch } from './greedy-search.js';
import type { Continuations, Search } from './search.js';

const V = 12;
const STOP = 7;

describe('BeamSearch', () => {
  it('finds what the reference finds, beam by beam, on many random models', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const model = randomModel(seed);
      const numBeams = 1 + (seed % 10);
      const maxNewTokens = 1 + (seed % 13);
      const search = drive(new BeamSearch(numBeams, criteria(maxNewTokens)), model);
      expect(search.beams(), `seed ${seed}`).toEqual(referenceBeams(model, numBeams, maxNewTokens));
    }
  });

  it('asks for running beams only, each behind the row it descends from', () => {
    const search = new BeamSearch(3, criteria(5));
    search.advance([row([STOP, 1, 2], [-0.1, -0.2, -0.3])]);
    expect(search.nextRows).toEqual([
      { tokenId: 1, parent: 0 },
      { tokenId: 2, parent: 0 },
    ]);
    search.advance([row([3, 4, 5], [-9, -9, -9]), row([6, STOP, 8], [-0.1, -0.15, -9])]);
    expect(search.nextRows).toEqual([{ tokenId: 6, parent: 1 }]);
  });

  it('is done when every beam has stopped', () => {
    const search = new BeamSearch(1, criteria(5));
    search.advance([row([STOP], [-0.5])]);
    expect(search.nextRows).toEqual([]);
    expect(search.beams()).toEqual([{ tokens: [STOP], score: -0.5, isStopped: true }]);
  });

  it('is done at the most tokens, and says that its beams did not stop', () => {
    const search = new BeamSearch(2, criteria(1));
    search.advance([row([1, 2], [-0.5, -1])]);
    expect(search.nextRows).toEqual([]);
    expect(search.beams().map(({ isStopped }) => isStopped)).toEqual([false, false]);
  });

  it('stops at any of several tokens', () => {
    const search = new BeamSearch(2, { stopTokenIds: new Set([1, 2]), maxNewTokens: 5 });
    search.advance([row([1, 2], [-0.5, -1])]);
    expect(search.beams().map(({ isStopped }) => isStopped)).toEqual([true, true]);
  });

  it('looks at its own breadth when the batch brings more', () => {
    const search = new BeamSearch(2, criteria(5));
    search.advance([row([1, 2, 3, 4], [-1, -2, -3, -4])]);
    expect(search.nextRows.map(({ tokenId }) => tokenId)).toEqual([1, 2]);
  });
});

describe('GreedySearch', () => {
  it('takes the likeliest token until it stops, as one beam does', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const model = randomModel(seed);
      const [greedy] = drive(new GreedySearch(criteria(10)), model).beams();
      const [beam] = drive(new BeamSearch(1, criteria(10)), model).beams();
      expect(greedy!.tokens).toEqual(beam!.tokens);
      expect(greedy!.isStopped).toBe(beam!.isStopped);
      expect(greedy!.score).toBeCloseTo(beam!.score, 5);
    }
  });
});

type LanguageModel = (tokens: readonly number[]) => Float32Array;

const criteria = (maxNewTokens: number) => ({ stopTokenIds: new Set([STOP]), maxNewTokens });
const row = (ids: number[], logProbs: number[]): Continuations => ({ ids, logProbs: Float32Array.from(logProbs) });

/** Log-probabilities that depend on the whole text so far; the stop token is likely now and then. */
function randomModel(seed: number): LanguageModel {
  return (tokens) => {
    const random = Random.of(seed, ...tokens);
    const logits = Array.from({ length: V }, () => 4 * random.uniform());
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return Float32Array.from(logits, (logit) => logit - total);
  };
}

function drive<T extends Search>(search: T, model: LanguageModel): T {
  let texts: number[][] = [[]];
  for (;;) {
    search.advance(texts.map((tokens) => top(model(tokens), search.breadth)));
    if (search.nextRows.length === 0) return search;
    texts = search.nextRows.map(({ tokenId, parent }) => [...texts[parent]!, tokenId]);
  }
}

function top(logProbs: Float32Array, k: number): Continuations {
  const ids = [...logProbs.keys()].sort((a, b) => logProbs[b]! - logProbs[a]!).slice(0, k);
  return { ids, logProbs: Float32Array.from(ids, (id) => logProbs[id]!) };
}

/** The published procedure as it is written: whole rows of V, stopped beams going on with token 0. */
function referenceBeams(model: LanguageModel, numBeams: number, entryLength: number) {
  const first = top(model([]), numBeams);
  let beams = first.ids.map((id, n) => ({ tokens: [id], score: first.logProbs[n]!, length: 1, stopped: id === STOP }));
  for (let i = 1; i < entryLength && !beams.every(({ stopped }) => stopped); i++) {
    const all = beams.flatMap((beam) => {
      const logProbs = beam.stopped ? new Float32Array(V).fill(-Infinity).fill(0, 0, 1) : model(beam.tokens);
      const length = beam.stopped ? beam.length : beam.length + 1;
      return Array.from(logProbs, (logProb, token) => {
        const average = Math.fround(Math.fround(beam.score + logProb) / length);
        return { tokens: [...beam.tokens, token], average, length, stopped: beam.stopped || token === STOP };
      });
    });
    all.sort((a, b) => (a.average === b.average ? 0 : b.average - a.average));
    beams = all.slice(0, numBeams).map((beam) => ({ ...beam, score: Math.fround(beam.average * beam.length) }));
  }
  return beams
    .map(({ tokens, score, length, stopped }) => ({
      tokens: tokens.slice(0, length),
      score: Math.fround(score / length),
      isStopped: stopped,
    }))
    .sort((a, b) => b.score - a.score);
}
