/**
 * What the gate lets through, as Markdown tables. `--bad`: challengers that must be refused, each with the door that must
 * refuse it; of one that is promoted, how it does on the test scenes. `--honest`: candidates learned from true
 * texts of six styles, by size, seed and which pictures were reviewed; one that is truly better by ≥ 10 % on the 100 test
 * scenes must be promoted. The seeds tuned nothing.
 * After a build: `node test/bench/challengers.mjs [--bad [--style S] [--seed N]] [--honest [--from N]] [--only N,M …]`,
 * where `--from` is the first seed of the honest ones.
 */
import { meanEditDistance } from '@housestyle/evaluation';
import { MemoryWeights } from '@housestyle/graph';
import { BAD_CHALLENGERS, judge, openWorkshop } from '../learning/challengers.mjs';
import { embeddings, TEST_FROM, textsOf, unwatched } from '../learning/demo-styles.mjs';
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
  let [met, refused, byItsDoor] = [0, 0, 0];
  for (const [n, challenger] of BAD_CHALLENGERS.entries()) {
    if (!isMeant(n)) continue;
    const { isPromoted, reasons, figures, candidate, seconds } = await judge(challenger, workshop);
    const gain = isPromoted && candidate ? await trueGain(options.style, candidate) : undefined;
    const isMeantDoor = challenger.doors.some((door) => reasons.includes(door));
    met++;
    if (!isPromoted) refused++;
    if (!isPromoted && isMeantDoor) byItsDoor++;
    const pair = (key) => (figures ? `${figures.champion[key].toFixed(3)} → ${figures.candidate[key].toFixed(3)}` : '');
    const doors = isMeantDoor ? 'yes' : `NO: ${challenger.doors.join(' or ')}`;
    const verdict = isPromoted ? `**PROMOTED**${gain ? `, on the test scenes ${gain.text}` : ''}` : 'refused';
    console.log(
      `| ${n + 1} | ${challenger.name} | ${challenger.how} | ${verdict} | ` +
        `${reasons.join(', ')} | ${doors} | ${pair('editDistance')} | ${pair('contentShare')} | ${seconds.toFixed(1)} |`,
    );
  }
  console.log(`\n${met} bad challengers, ${refused} refused, ${byItsDoor} of them by a door that was meant.\n`);
  if (refused < met || byItsDoor < met) isAsItMust = false;
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
  const { engine } = workshop;
  const mapper = candidate && (await engine.loadMapper(filesOf(candidate), 'honest'));
  const items = embeddings.slice(TEST_FROM).map((embedding) => ({ input: { embedding }, ...(mapper && { mapper }) }));
  const outputs = await engine.caption(items);
  if (mapper) await engine.releaseMapper(mapper);
  const references = textsOf(style).slice(TEST_FROM);
  return meanEditDistance(outputs.map(({ hypotheses: [best] }, n) => [best.text, references[n].text]));
}

function filesOf({ config, tensors, mapperDelta, decoderDelta }) {
  const held = (weights) => new MemoryWeights('honest', weights);
  return {
    config,
    ...(tensors && { weights: held(tensors) }),
    ...(mapperDelta && { mapperDelta: held(mapperDelta) }),
    ...(decoderDelta && { decoderDelta: held(decoderDelta) }),
  };
}
