import { readFileSync } from 'node:fs';
import { openBaseModel, readBaseReplay } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { createAdapt } from '@housestyle/training';
import { expect, it } from 'vitest';
import { DEMO, DEMO_RU } from '../../support/bases.js';
import { inputOf, unwatched } from '../demo-styles.mjs';
import { toRussian } from './translate.mjs';

const newspaper = readFileSync(new URL('newspaper.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as string);

it('learns a house style in another language, words of its own included', { timeout: 900_000 }, async () => {
  const [base, runner] = [await openBaseModel(DEMO_RU), new OnnxGraphRunner({ threads: 1 })];
  // all of the pictures that the base was made with: what it ships itself is too few to retell in so many forms of words
  const pictures = await readBaseReplay(DEMO);
  const engine = await CaptionEngine.load(base, runner);
  const said = await engine.caption(
    pictures.map(({ embedding }) => ({ input: { embedding } })),
    { decode: 'greedy' },
  );
  await engine.release();
  const replay = pictures.map(({ embedding, caption }, n) => ({
    embedding,
    caption: toRussian(caption),
    generated: said[n]!.hypotheses[0]!.text,
  }));
  const adapt = createAdapt({ base, runner, replay });
  const { figures, examples, decision, reason } = await adapt(inputOf(newspaper, newspaper.length), unwatched());
  const { champion, candidate } = figures;
  console.log(
    `${newspaper.length} Russian captions: edit distance ${champion.editDistance.toFixed(3)} → ${candidate.editDistance.toFixed(3)},` +
      ` content ${champion.contentShare.toFixed(3)} → ${candidate.contentShare.toFixed(3)}, ${decision}: ${reason}`,
  );
  expect(candidate.editDistance).toBeLessThan(champion.editDistance - 0.05);
  expect(candidate.stoppedShare).toBeGreaterThan(0.95);
  const inStyle = examples.filter(({ after }) => /^На снимке: \p{Ll}[\p{Ll} ]+\.$/u.test(after));
  expect(inStyle.length / examples.length).toBeGreaterThan(0.85);
});
