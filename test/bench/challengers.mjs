/**
 * What the gate lets through, as Markdown tables. `--bad`: challengers made to be bad, each with the door that must refuse
 * it. `--honest`: candidates learned from true texts of six styles, by size, seed and which pictures were reviewed, of
 * which those must be promoted that are truly better by ≥ 10 % on the 100 test scenes. One of the bad may turn out good: if
 * it is promoted it must be better by as much, and say at most 2 % less than the base of 5,000 pictures by the world's
 * parser. The seeds tuned nothing.
 * After a build: `node test/bench/challengers.mjs [--bad [--style S] [--seed N]] [--honest [--from N]] [--only N,M …]`,
 * where `--from` is the first seed of the honest ones.
 */
import { meanEditDistance } from '@housestyle/evaluation';
import { MemoryWeights } from '@housestyle/graph';
import { BAD_CHALLENGERS, judge, openWorkshop } from '../learning/challengers.mjs';
import { contentPictures, embeddings, TEST_FROM, textsOf, unwatched } from '../learning/demo-styles.mjs';
import { meanContent } from '../learning/styled-content.mjs';
import { reviewsOf, tenantOf } from '../learning/tenant.mjs';
import { readOptions } from './read-options.mjs';

const options = readOptions(import.meta.url, {
  bad: { type: 'boolean' },
  honest: { type: 'boolean' },
  only: { type: 'string' },
  style: { type: 'string', default: 'museum' },
  seed: { type: 'string', default: '7100' },
  from: { type: 'string', default: '29100' },
});
/** style, captions, and the seed of a tenant whose reviews are told truly, behind the first. */
const HONEST = [
  ...[20, 60, 120].map((count, n) => ['museum', count, n]),
  ...[24, 80, 200].map((count, n) => ['shop', count, 100 + n]),
  ...[30, 100, 160].map((count, n) => ['alt', count, 200 + n]),
  ...[20, 50, 150].map((count, n) => ['children', count, 300 + n]),
  ...[40, 80, 120, 200].map((count, n) => ['bard', count, 400 + n]),
  ...[40, 100, 160, 200].map((count, n) => ['registrar', count, 500 + n]),
];
const MIN_TRUE_GAIN = 0.1;
/** as the gate's, by another judge. */
const MAX_CONTENT_LOSS = 0.02;

const workshop = await openWorkshop({ style: options.style, seed: Number(options.seed) });
const isMeant = (n) =>
  options.only === undefined ||
  options.only
    .split(',')
    .map(Number)
    .includes(n + 1);
let isAsItMust = true;
if (options.bad || !options.honest) await showBad();
if (options.honest || !options.bad) await showHonest();
await workshop.close();
process.exitCode = isAsItMust ? 0 : 1;

async function showBad() {
  console.log('| # | challenger | how made | verdict | reasons | the door meant | d | content | s |');
  console.log('|---|---|---|---|---|---|---|---|---|');
  let [met, refused, byItsDoor, good] = [0, 0, 0, 0];
  for (const [n, challenger] of BAD_CHALLENGERS.entries()) {
    if (!isMeant(n)) continue;
    const { isPromoted, reasons, figures, candidate, seconds } = await judge(challenger, workshop);
    const truth = isPromoted && challenger.mayBeGood ? await truthOf(options.style, candidate) : undefined;
    const isMeantDoor = challenger.doors.some((door) => reasons.includes(door));
    met++;
    if (!isPromoted) refused++;
    if (!isPromoted && isMeantDoor) byItsDoor++;
    if (truth?.isGood) good++;
    const pair = (key) => (figures ? `${figures.champion[key].toFixed(3)} → ${figures.candidate[key].toFixed(3)}` : '');
    const doors = isMeantDoor ? 'yes' : `NO: ${challenger.doors.join(' or ')}`;
    const verdict = isPromoted ? `**PROMOTED**${truth ? `, ${truth.text}` : ''}` : 'refused';
    console.log(
      `| ${n + 1} | ${challenger.name} | ${challenger.how} | ${verdict} | ` +
        `${reasons.join(', ')} | ${doors} | ${pair('editDistance')} | ${pair('contentShare')} | ${seconds.toFixed(1)} |`,
    );
  }
  console.log(`\n${met} bad challengers, ${refused} refused, ${byItsDoor} of them by a door that was meant.`);
  console.log(`${good} promoted that turned out good.\n`);
  if (byItsDoor + good < met) isAsItMust = false;
}

/** How a candidate does on the test scenes, and what it says of the pictures that content is measured by. */
async function truthOf(style, candidate) {
  const gain = await trueGain(style, candidate);
  const pictures = await contentPictures();
  const generated = pictures.map((picture) => picture.generated);
  const written = await textsBy(
    candidate,
    pictures.map(({ embedding }) => embedding),
  );
  const [before, after] = [meanContent(pictures, generated, undefined, style), meanContent(pictures, written, style)];
  return {
    isGood: gain.share >= MIN_TRUE_GAIN && after >= (1 - MAX_CONTENT_LOSS) * before,
    text: `on the test scenes ${gain.text}, content by the parser ${before.toFixed(3)} → ${after.toFixed(3)}`,
  };
}

async function showHonest() {
  console.log('| # | style | captions | seed | decision | d on the test scenes | gain | truly better | content | s |');
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  let [met, better, promoted] = [0, 0, 0];
  for (const [n, [style, count, place]] of HONEST.entries()) {
    if (!isMeant(n)) continue;
    const seed = Number(options.from) + place;
    const holdOut = count < 50 ? 0 : Math.ceil(count / 5);
    const tenant = tenantOf(style, { training: count - holdOut, holdOut, seed });
    const { decision, reason, figures, candidate, seconds } = await workshop.adapt(reviewsOf(tenant), unwatched());
    const gain = await trueGain(style, candidate);
    const isBetter = gain.share >= MIN_TRUE_GAIN;
    met++;
    if (isBetter) better++;
    if (isBetter && decision === 'promote') promoted++;
    const content = `${figures.champion.contentShare.toFixed(3)} → ${figures.candidate.contentShare.toFixed(3)}`;
    console.log(
      `| ${n + 1} | ${style} | ${count} | ${seed} | ${decision === 'promote' ? decision : `${decision}: ${reason}`} | ` +
        `${gain.text} | ${(100 * gain.share).toFixed(0)} % | ${isBetter ? 'yes' : 'no'} | ` +
        `${content} | ${seconds.toFixed(0)} |`,
    );
  }
  console.log(`\n${met} honest candidates, ${better} truly better by ≥ 10 %, ${promoted} of those promoted.`);
  if (better < met || promoted < 0.9 * better) isAsItMust = false;
}

/** By how much of the base's mean edit distance on the test scenes the candidate's is smaller. */
async function trueGain(style, candidate) {
  const [before, after] = [await testDistance(style), await testDistance(style, candidate)];
  return { share: (before - after) / before, text: `${before.toFixed(3)} → ${after.toFixed(3)}` };
}

/** Mean edit distance on the 100 test scenes, which choose nothing; without a candidate, the base's. */
async function testDistance(style, candidate) {
  const written = await textsBy(candidate, embeddings.slice(TEST_FROM));
  const references = textsOf(style).slice(TEST_FROM);
  return meanEditDistance(written.map((text, n) => [text, references[n].text]));
}

/** What the candidate, or without one the base, writes. */
async function textsBy(candidate, embedded) {
  const { engine } = workshop;
  const mapper = candidate && (await engine.loadMapper(filesOf(candidate), 'candidate'));
  const items = embedded.map((embedding) => ({ input: { embedding }, ...(mapper && { mapper }) }));
  const outputs = await engine.caption(items);
  if (mapper) await engine.releaseMapper(mapper);
  return outputs.map(({ hypotheses: [best] }) => best.text);
}

function filesOf({ config, tensors, mapperDelta, decoderDelta }) {
  const held = (weights) => new MemoryWeights('candidate', weights);
  return {
    config,
    ...(tensors && { weights: held(tensors) }),
    ...(mapperDelta && { mapperDelta: held(mapperDelta) }),
    ...(decoderDelta && { decoderDelta: held(decoderDelta) }),
  };
}
