/**
 * The learning curve on the demo world: each house style at 10 … 300 reviewed captions, measured on its 100 test scenes,
 * which choose nothing. d = mean normalised edit distance to the tenant's text; floor = d of what the base says of the
 * scene, told in the style. After a build: `node test/bench/learning-curve.mjs [styles] [sizes] [seed]`, lists by comma.
 */
import { CaptionEngine } from '@housestyle/clipcap';
import { MemoryWeights } from '@housestyle/graph';
import { captionFigures, fixedFrequencies } from '@housestyle/training';
import { demoAdapt, embeddings, inputOf, STYLES, TEST_FROM, textsOf, unwatched } from '../learning/demo-styles.mjs';

const [styles = STYLES.join(), sizes = '10,20,50,100,200,300', seed = '1'] = process.argv.slice(2);
const { base, runner, adapt } = await demoAdapt();
const engine = await CaptionEngine.load(base, runner);
const testEmbeddings = embeddings.slice(TEST_FROM);

console.log('| style | n | decision | d base | d | floor | excess falls | CIDEr | exact | content | s |');
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
for (const style of styles.split(',')) {
  const texts = textsOf(style);
  const references = texts.slice(TEST_FROM).map(({ text }) => text);
  const frequencies = fixedFrequencies(texts.slice(0, TEST_FROM).map(({ text }) => text));
  const score = (captions) => captionFigures(captions, references, frequencies);
  const before = score(await captions());
  const told = texts.slice(TEST_FROM).map(({ floor: text }) => ({ text, length: 1, isStopped: true }));
  const floor = score(told).editDistance;
  for (const size of sizes.split(',').map(Number)) {
    const input = inputOf(
      texts.map(({ text }) => text),
      size,
      Number(seed),
    );
    const { decision, reason, figures, candidate, seconds } = await adapt(input, unwatched());
    const after = score(await captions(candidate));
    const fall = (before.editDistance - after.editDistance) / (before.editDistance - floor);
    const share = (value) => `${(100 * value).toFixed(0)} %`;
    const pair = (key, digits = 2) => `${before[key].toFixed(digits)} → ${after[key].toFixed(digits)}`;
    const content = `${figures.champion.contentShare.toFixed(3)} → ${figures.candidate.contentShare.toFixed(3)}`;
    const verdict = decision === 'promote' ? decision : `${decision}: ${reason}`;
    console.log(
      `| ${style} | ${size} | ${verdict} | ${before.editDistance.toFixed(3)} | ${after.editDistance.toFixed(3)} | ` +
        `${floor.toFixed(3)} | ${share(fall)} | ${pair('cider')} | ${pair('exactMatch')} | ${content} | ${seconds.toFixed(0)} |`,
    );
  }
}
await engine.release();

/** What a candidate (absent: the base) writes under the test scenes. */
async function captions(candidate) {
  const mapper = candidate && (await engine.loadMapper(filesOf(candidate), 'candidate'));
  const items = testEmbeddings.map((embedding) => ({ input: { embedding }, ...(mapper && { mapper }) }));
  return (await engine.caption(items)).map(({ hypotheses: [best] }) => ({
    text: best.text,
    length: best.tokens.length,
    isStopped: best.isStopped,
  }));
}

function filesOf({ config, decoderDelta }) {
  return { config, decoderDelta: new MemoryWeights('candidate', decoderDelta) };
}
