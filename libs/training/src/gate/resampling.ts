import { Random } from '../random.js';

/**
 * The paired bootstrap: how likely the mean of `gains` is not above zero, by drawing pictures anew. Captions of one
 * picture stand or fall together.
 * @param groups of each gain: its picture
 */
export function bootstrapP(gains: readonly number[], groups: readonly string[], seed: number): number {
  const byGroup = new Map<string, number[]>();
  gains.forEach((gain, n) => byGroup.set(groups[n]!, [...(byGroup.get(groups[n]!) ?? []), gain]));
  const sums = [...byGroup.values()].map((values) => values.reduce((sum, value) => sum + value, 0));
  const random = Random.of(seed, BOOTSTRAP);
  let notAbove = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    for (let n = 0; n < sums.length; n++) sum += random.pick(sums);
    if (sum <= 0) notAbove++;
  }
  return (notAbove + 1) / (DRAWS + 1);
}

/**
 * The permutation test of attribution: how likely captions would be as close to their own pictures' references if
 * pictures and references had been paired by chance. Learning a style from texts of other pictures brings captions
 * closer to all references, and none closer to its own: this is what tells it.
 * @param captions one of each picture; of very many a sample tells it as well
 * @param distance of a caption to another's reference
 */
export function attributionP(
  captions: readonly number[],
  distance: (caption: number, reference: number) => number,
  seed: number,
): number {
  const random = Random.of(seed, PERMUTATION);
  const sample = captions.length > MOST_PERMUTED ? random.shuffled(captions).slice(0, MOST_PERMUTED) : captions;
  const indices = [...sample.keys()];
  const table = sample.map((caption) => sample.map((reference) => distance(caption, reference)));
  const total = (order: readonly number[]) =>
    order.reduce((sum, reference, caption) => sum + table[caption]![reference]!, 0);
  const own = total(indices);
  let asClose = 0;
  for (let draw = 0; draw < DRAWS; draw++) if (total(random.shuffled(indices)) <= own) asClose++;
  return (asClose + 1) / (DRAWS + 1);
}

const DRAWS = 2000;
/** whose distances to one another are measured: as many as their square. */
const MOST_PERMUTED = 400;
/** The purposes of random streams. */
const [BOOTSTRAP, PERMUTATION] = [21, 22];
