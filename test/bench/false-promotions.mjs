/**
 * How often the gate, cross-validating, promotes what was learned from texts of other pictures: a style's captions,
 * shuffled anew in each run. Three learners, from cheap to dear:
 *   retrieval  the gate's rules alone on the strongest cheap cheat: each picture is given the text of the nearest picture
 *              of the other folds, so every caption is in perfect style. Nothing is trained; 200 runs take seconds.
 *   updates    the whole recipe and gate, but `--updates` AdamW updates for each delta instead of the recipe's own.
 *   recipe     the whole recipe as it is: about a minute of CPU a run.
 * The two dear ones say of each run on stderr why it was refused.
 * Beside it, with `--told truly`, the same without shuffling: a gate that never promotes has no false promotions either.
 * After a build: `node test/bench/false-promotions.mjs [--by retrieval] [--runs 200] [--captions 20] [--style museum]
 * [--seed 20000] [--updates 24] [--told shuffled]`; `--style` may be a list.
 */
import path from 'node:path';
import { readBaseReplay } from '@housestyle/checkpoints';
import { CaptionEngine, Gpt2Tokenizer } from '@housestyle/clipcap';
import {
  asItself,
  divideReplay,
  EngineWriter,
  learnLexicon,
  meanShare,
  PromotionGate,
  Random,
  RECIPE,
  WordClasses,
  wordShares,
} from '@housestyle/training';
import { demoAdapt, embeddings, STYLES, TEST_FROM, unwatched } from '../learning/demo-styles.mjs';
import { reviewsOf, tenantOf } from '../learning/tenant.mjs';
import { readOptions } from './read-options.mjs';

const options = readOptions(import.meta.url, {
  by: { type: 'string', default: 'retrieval' },
  runs: { type: 'string', default: '200' },
  captions: { type: 'string', default: '20' },
  style: { type: 'string', default: STYLES.join() },
  seed: { type: 'string', default: '20000' },
  updates: { type: 'string', default: '24' },
  told: { type: 'string', default: 'shuffled' },
});
/** The purpose of a random stream. */
const SHUFFLED = 81;
/** of shuffled runs that may be promoted */
const MAX_SHARE = 0.05;

const { base, runner, adapt } = await demoAdapt();
const learners = { retrieval: await retrieval(), updates: fewUpdates, recipe: trained };
const learn = learners[options.by];
if (!learn) throw new Error(`--by is one of ${Object.keys(learners).join(', ')}`);
const runs = Number(options.runs);
const count = Number(options.captions);
console.log(`${options.by}: ${runs} runs of ${count} captions, told ${options.told}`);
console.log('\n| style | promoted | passed attribution | was better | kept content |');
console.log('|---|---|---|---|---|');
const all = tally();
for (const style of options.style.split(',')) {
  const found = tally();
  for (let run = 0; run < runs; run++) {
    const input = reviews(style, Number(options.seed) + run);
    const reasons = await learn(input);
    for (const one of [found, all]) note(one, reasons);
    if (options.by !== 'retrieval') console.error(`${style} ${run + 1} of ${runs}: ${reasons.join(', ')}`);
  }
  console.log(`| ${style} ${row(found)}`);
}
console.log(`| all ${row(all)}`);
process.exitCode = options.told === 'shuffled' && all.promoted > MAX_SHARE * all.runs ? 1 : 0;

function reviews(style, seed) {
  const tenant = tenantOf(style, { training: count, holdOut: 0, seed });
  if (options.told === 'truly') return reviewsOf(tenant);
  const texts = Random.of(seed, SHUFFLED).shuffled(tenant.training.map((picture) => tenant.texts[picture]));
  return reviewsOf(tenant, new Map(tenant.training.map((picture, n) => [picture, texts[n]])));
}

async function trained(input) {
  return (await adapt(input, unwatched())).reason.split(', ');
}

function fewUpdates(input) {
  const updates = Number(options.updates);
  for (const diet of Object.values(RECIPE.wellFed)) diet.steps = updates;
  Object.assign(RECIPE, { foldSteps: updates });
  Object.assign(RECIPE.underfed.steps, { least: updates, perCaption: 0, most: updates });
  return trained(input);
}

/** What the base says of every picture is asked once; a run then costs the gate's own arithmetic. */
async function retrieval() {
  const replay = await readBaseReplay(path.join(import.meta.dirname, '../../models/demo'));
  const { slice } = divideReplay(replay);
  const engine = await CaptionEngine.load(base, runner);
  const writer = new EngineWriter(engine);
  const gate = new PromotionGate(slice);
  const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  const tokensOf = (text) => tokenizer.encode(text).length;
  const pictures = embeddings.slice(0, TEST_FROM);
  const told = await writer.write(undefined, pictures);
  const neutralOf = new Map(pictures.map((embedding, n) => [embedding, told[n]]));
  const baseOnSlice = await writer.write(undefined, slice.map(({ embedding }) => embedding)); // prettier-ignore
  await engine.release();
  const classes = new WordClasses(replay.map(({ generated }) => generated));
  const judged = (texts) => slice.map(({ caption: neutral }, n) => ({ neutral, caption: texts[n] }));

  return async ({ training, seed }) => {
    const order = Random.of(seed, SHUFFLED + 1).shuffled([...training.keys()]);
    const foldOf = new Map(order.map((example, n) => [example, n % RECIPE.folds]));
    const candidate = training.map(
      ({ embedding }, n) =>
      written(nearest(embedding, training.filter((_, other) => foldOf.get(other) !== foldOf.get(n))).text), // prettier-ignore
    );
    const champion = training.map(({ embedding }) => neutralOf.get(embedding));
    const pairs = training.map(({ text }, n) => ({ neutral: champion[n].text, styled: text }));
    const asked = { named: learnLexicon(pairs, classes), unnamed: new Set() };
    const onSlice = slice.map(({ embedding }) => nearest(embedding, training).text);
    const content = {
      champion: meanShare(wordShares(judged(baseOnSlice.map(({ text }) => text)), { ...asked, named: asItself(asked.named) })), // prettier-ignore
      candidate: meanShare(wordShares(judged(onSlice), asked)),
    };
    const contest = { examples: training, champion, candidate, own: candidate };
    const { refusals } = gate.judge(contest, content, tokensOf, seed);
    return refusals.length === 0 ? ['better'] : refusals;
  };

  function written(text) {
    return { text, length: tokensOf(text) + 1, isStopped: true };
  }
}

function nearest(embedding, examples) {
  const cosine = (other) => dot(embedding, other) / Math.sqrt(dot(other, other));
  return examples.reduce((best, example) => (cosine(example.embedding) > cosine(best.embedding) ? example : best));
}

function dot(a, b) {
  return a.reduce((sum, value, n) => sum + value * b[n], 0);
}

function tally() {
  return { runs: 0, promoted: 0, attributed: 0, better: 0, content: 0 };
}

function note(found, reasons) {
  found.runs++;
  if (reasons.includes('better')) found.promoted++;
  if (!reasons.includes('wrong_pictures')) found.attributed++;
  if (!reasons.includes('not_better')) found.better++;
  if (!reasons.includes('content_lost')) found.content++;
}

function row({ runs: of, promoted, attributed, better, content }) {
  const share = (value) => `${value} of ${of} (${((100 * value) / of).toFixed(1)} %)`;
  return `| ${[promoted, attributed, better, content].map(share).join(' | ')} |`;
}
