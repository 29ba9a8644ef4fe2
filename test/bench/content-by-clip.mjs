/**
 * What CLIP sees of lost content and what the world's parser sees, as a Markdown table: tenants of the demo world trained
 * with nothing to replay, their texts true or spoiled, and three with the demo's own replay, which the gate judges by
 * words. CLIP is asked on the pictures that the gate had and on the 100 test scenes, the parser on 5,000 pictures that
 * nobody was trained on. Before it, what CLIP finds lost where nothing is: what the base says of the test scenes, told in
 * each style by the world's own writer. After a build: `node test/bench/content-by-clip.mjs [--only 1,2,…]`.
 */
import { CaptionEngine } from '@housestyle/clipcap';
import { MemoryWeights } from '@housestyle/graph';
import { ClipContentJudge, createAdapt, EngineWriter, Random } from '@housestyle/training';
import { coloursSwapped, countsDropped } from '../learning/challengers.mjs';
import {
  contentPictures,
  demoAdapt,
  embeddings,
  inputOf,
  STYLES,
  TEST_FROM,
  textsOf,
  unwatched,
} from '../learning/demo-styles.mjs';
import { meanContent } from '../learning/styled-content.mjs';
import { readOptions } from './read-options.mjs';

const options = readOptions(import.meta.url, { only: { type: 'string' } });
const shuffled = (texts) => Random.of(7, SHUFFLED).shuffled(texts);
const CASES = [
  { style: 'museum', count: 20 },
  { style: 'museum', count: 60 },
  { style: 'museum', count: 200 },
  { style: 'shop', count: 80 },
  { style: 'bard', count: 80 },
  { style: 'museum', count: 60, told: 'colours swapped', spoil: coloursSwapped },
  { style: 'museum', count: 60, told: 'counts dropped', spoil: countsDropped },
  { style: 'museum', count: 60, told: 'texts shuffled', spoil: shuffled },
  { style: 'museum', count: 60, isReplayed: true },
  { style: 'shop', count: 80, isReplayed: true },
  { style: 'bard', count: 80, isReplayed: true },
];
/** The purpose of a random stream. */
const SHUFFLED = 91;

const { base, runner, adapt: adaptReplaying } = await demoAdapt();
const adapt = createAdapt({ base, runner, replay: [] });
const engine = await CaptionEngine.load(base, runner);
const writer = new EngineWriter(engine);
const judge = new ClipContentJudge(base.clip, runner);
const pictures = await contentPictures();
const tests = embeddings.slice(TEST_FROM);
const change = (before, after) =>
  `${before.toFixed(3)} → ${after.toFixed(3)} (${(100 * (after / before - 1)).toFixed(1)} %)`;

const byBase = await writer.write(undefined, tests);
/** By CLIP, the base's captions of the test scenes and others, beside the tenant's `texts`. */
const onTests = (texts, candidate) => {
  const examples = tests.map((embedding, at) => ({ embedding, text: texts[TEST_FROM + at], imageKey: `test-${at}` }));
  return judge.content({ contest: { examples, champion: byBase, candidate }, seed: 1 });
};

if (!options.only) {
  console.log('| style | the base → the same in the style, by CLIP |');
  console.log('|---|---|');
  for (const style of STYLES) {
    const told = textsOf(style);
    const same = told.slice(TEST_FROM).map(({ floors }, n) => ({ text: floors[n % floors.length] }));
    const { champion, candidate } = await onTests(told.map(({ text }) => text), same); // prettier-ignore
    console.log(`| ${style} | ${change(champion, candidate)} |`);
  }
  console.log();
}
console.log('| captions | told | replay | decision | by the gate’s judge | by CLIP, test scenes | by the parser |');
console.log('|---|---|---|---|---|---|---|');
for (const [n, { style, count, told = 'truly', spoil, isReplayed = false }] of CASES.entries()) {
  if (options.only && !options.only.split(',').includes(String(n + 1))) continue;
  const texts = textsOf(style).map(({ text }) => text);
  const input = inputOf(texts, count);
  const spoilt = spoil?.(input.training.map(({ text }) => text));
  const training = input.training.map((example, at) => ({ ...example, text: spoilt?.[at] ?? example.text }));
  const learn = isReplayed ? adaptReplaying : adapt;
  const { decision, reason, figures, candidate } = await learn({ ...input, training }, unwatched());
  const version = { config: candidate.config, decoderDelta: new MemoryWeights('candidate', candidate.decoderDelta) };
  const byClip = await onTests(texts, await writer.write(version, tests));
  const written = await writer.write(version, pictures.map(({ embedding }) => embedding)); // prettier-ignore
  const generated = pictures.map((picture) => picture.generated);
  const byParser = meanContent(pictures, written.map(({ text }) => text), style); // prettier-ignore
  const cells = [
    `${style} ${count}`,
    told,
    isReplayed ? 'yes' : 'none',
    decision === 'promote' ? decision : `${decision}: ${reason}`,
    change(figures.champion.contentShare, figures.candidate.contentShare),
    change(byClip.champion, byClip.candidate),
    change(meanContent(pictures, generated, undefined, style), byParser),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
await engine.release();
