/**
 * The learning curve on the demo world: each house style at 10 … 300 reviewed captions, measured on its 100 test scenes,
 * which choose nothing. d = mean normalised edit distance to the tenant's text; floor = d of what
 * the base says of the scene, told in the style (`floorOf`). Content by the world's parser on 5,000 pictures that nobody
 * was trained on. After a build:
 * `node test/bench/learning-curve.mjs [--styles museum,bard] [--sizes 10,20] [--seed 1]`.
 */
import { CaptionEngine } from '@housestyle/clipcap';
import { MemoryWeights } from '@housestyle/graph';
import { captionFigures, fixedFrequencies } from '@housestyle/training';
import {
  contentPictures,
  demoAdapt,
  embeddings,
  floorOf,
  inputOf,
  STYLES,
  TEST_FROM,
  textsOf,
  unwatched,
} from '../learning/demo-styles.mjs';
import { meanContent } from '../learning/styled-content.mjs';
import { readOptions } from './read-options.mjs';

const { styles, sizes, seed } = readOptions(import.meta.url, {
  styles: { type: 'string', default: STYLES.join() },
  sizes: { type: 'string', default: '10,20,50,100,200,300' },
  seed: { type: 'string', default: '1' },
});
const { base, runner, adapt } = await demoAdapt();
const engine = await CaptionEngine.load(base, runner);
const testEmbeddings = embeddings.slice(TEST_FROM);
const pictures = await contentPictures();

console.log(
  '| style | n | decision | d base | d | floor | excess falls | CIDEr | exact | content by words | by the world’s parser | s |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|---|---|');
for (const style of styles.split(',')) {
  const texts = textsOf(style);
  const references = texts.slice(TEST_FROM).map(({ text }) => text);
  const frequencies = fixedFrequencies(texts.slice(0, TEST_FROM).map(({ text }) => text));
  const score = (captions) => captionFigures(captions, references, frequencies);
  const before = score(await captions());
  const floor = floorOf(style);
  const ofBase = meanContent(
    pictures,
    pictures.map(({ generated }) => generated),
    undefined,
    style,
  );
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
    const byWords = change(figures.champion.contentShare, figures.candidate.contentShare);
    const embedded = pictures.map(({ embedding }) => embedding);
    const written = (await captions(candidate, embedded)).map(({ text }) => text);
    const byParser = change(ofBase, meanContent(pictures, written, style));
    const verdict = decision === 'promote' ? decision : `${decision}: ${reason}`;
    console.log(
      `| ${style} | ${size} | ${verdict} | ${before.editDistance.toFixed(3)} | ${after.editDistance.toFixed(3)} | ` +
        `${floor.toFixed(3)} | ${share(fall)} | ${pair('cider')} | ${pair('exactMatch')} | ${byWords} | ${byParser} | ${seconds.toFixed(0)} |`,
    );
  }
}
await engine.release();

function change(before, after) {
  return `${before.toFixed(3)} → ${after.toFixed(3)} (${(100 * (after / before - 1)).toFixed(1)} %)`;
}

/** What a candidate (absent: the base) writes. */
async function captions(candidate, embedded = testEmbeddings) {
  const mapper = candidate && (await engine.loadMapper(filesOf(candidate), 'candidate'));
  const items = embedded.map((embedding) => ({ input: { embedding }, ...(mapper && { mapper }) }));
  return (await engine.caption(items)).map(({ hypotheses: [best] }) => ({
    text: best.text,
    length: best.tokens.length,
    isStopped: best.isStopped,
  }));
}

function filesOf({ config, decoderDelta }) {
  return { config, decoderDelta: new MemoryWeights('candidate', decoderDelta) };
}
