import type { Readiness } from '@housestyle/contracts';
import { describe, expect, it } from 'vitest';
import { changeOf, duration, FIGURES, probability } from './figures';
import { asSentence, judgedBy, readinessHeadline, reasonsOf, STAGES, stageOf } from './run-words';

const NOW = '2026-11-21T05:00:00.000Z';
const at = (stage: string, step: number, steps = 100) => {
  const { index } = stageOf({ status: 'running', requestedAt: NOW, progress: { stage, step, steps, loss: 1 } }, 0);
  return STAGES[index];
};

describe('the stages of a run', () => {
  it('have words for whatever the trainer calls them', () => {
    expect([at('starting', 0, 0), at('choosing', 5), at('training', 5), at('training', 100), at('fold 3', 7)]).toEqual([
      'Reading',
      'Trying out',
      'Learning',
      'Testing',
      'Testing',
    ]);
    expect(at('of a later release', 1)).toBe('Reading');
  });

  it('promise no more than is learned from: some captions may be held out or set aside', () => {
    const progress = { stage: 'training', step: 5, steps: 100, loss: 1 };
    const { explanation } = stageOf({ status: 'running', requestedAt: NOW, progress }, 0);
    expect(explanation).toContain('but for those set apart');
  });

  it('begin with waiting, which can take too long', () => {
    const waiting = (forMs: number) =>
      stageOf({ status: 'requested', progress: null, requestedAt: NOW }, Date.parse(NOW) + forMs);
    expect(waiting(1_000)).toMatchObject({ index: -1, explanation: expect.stringContaining('a moment') as string });
    expect(waiting(120_000).explanation).toContain('Is one running');
  });
});

describe('a verdict', () => {
  it('reads as sentences, whatever it was', () => {
    expect(reasonsOf({ status: 'refused', reason: 'not_better, content_lost' })).toHaveLength(2);
    expect(reasonsOf({ status: 'cancelled', reason: 'cancelled on request' })).toEqual(['Cancelled on request.']);
    expect(reasonsOf({ status: 'failed', reason: 'internal: it broke' })).toEqual(['Something went wrong: It broke.']);
    expect(reasonsOf({ status: 'running', reason: 'cancelled on request' })).toEqual([]);
    expect(asSentence(' it broke! ')).toBe('It broke!');
  });

  it('says how many captions judged', () => {
    expect(judgedBy({ figures: { nHoldOut: 12, isCrossValidated: false } })).toContain('12 captions held apart');
    expect(judgedBy({ figures: { nHoldOut: 24, isCrossValidated: true } })).toContain('cross-validated');
    expect(judgedBy({ figures: null })).toBeUndefined();
  });
});

describe('figures', () => {
  const kind = (name: string) => FIGURES.find((each) => each.name === name)!;

  it('know which way is better, and do not praise what nobody can see', () => {
    expect(changeOf(kind('editDistance'), 0.5, 0.1)).toBe('better');
    expect(changeOf(kind('contentShare'), 0.9, 0.8)).toBe('worse');
    expect(changeOf(kind('contentShare'), 0.9, 0.89)).toBe('borne');
    expect(changeOf(kind('contentShare'), 0.9, 0.90001)).toBe('same');
    expect(changeOf(kind('meanLength'), 9, 12)).toBe('same');
    expect(changeOf(kind('cider'), null, 3)).toBe('same');
  });

  it('read well', () => {
    expect([duration(3.44), duration(45.2), duration(65)]).toEqual(['3.4 s', '45 s', '1 min 5 s']);
    expect([probability(0.0005), probability(0.031)]).toEqual(['less than 0.1 %', '3.1 %']);
  });
});

describe('readiness', () => {
  const readiness = (state: Readiness['state'], pictures: number, missing: number) =>
    readinessHeadline({ state, pictures, missing } as Readiness);

  it('says what is missing', () => {
    expect(readiness('cold', 0, 20)).toBe('Nothing to learn from yet');
    expect(readiness('warming', 19, 1)).toBe('1 more picture to go');
    expect(readiness('ready', 24, 0)).toBe('Ready: 24 reviewed pictures');
  });
});
