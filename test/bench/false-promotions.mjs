/**
 * How often the gate promotes what was learned from texts of other pictures: captions of a style, shuffled anew in each
 * run. Prints each run's verdict, how many were promoted, and how many the permutation test of attribution alone would
 * have stopped. After a build: `node test/bench/false-promotions.mjs [runs] [captions] [style] [first seed]`.
 */
import { Random } from '@housestyle/training';
import { demoAdapt, inputOf, textsOf, unwatched } from '../learning/demo-styles.mjs';

const [runs = '200', count = '20', style = 'museum', firstSeed = '1000'] = process.argv.slice(2);
const { adapt } = await demoAdapt();
const texts = textsOf(style).map(({ text }) => text);
const found = { promoted: 0, attributed: 0 };
for (let run = 0; run < Number(runs); run++) {
  const seed = Number(firstSeed) + run;
  const random = new Random(seed);
  const shuffled = random.shuffled(texts.slice(0, Number(count)));
  const { decision, reason, seconds } = await adapt(inputOf(shuffled, Number(count), seed), unwatched());
  if (decision === 'promote') found.promoted++;
  if (!reason.includes('wrong_pictures')) found.attributed++;
  console.log(`${seed} ${decision}: ${reason} (${seconds.toFixed(0)} s)`);
}
console.log(`${runs} runs: ${found.promoted} promoted, ${found.attributed} passed the attribution test`);
