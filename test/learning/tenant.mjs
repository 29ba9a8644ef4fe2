import { Random } from '@housestyle/training';
import { embeddings, TEST_FROM, textsOf, unwatched } from './demo-styles.mjs';

/**
 * A tenant of the demo world: which pictures were reviewed, and in which order, is the seed's; the newest are held out.
 * None is one of the 100 test scenes.
 */
export function tenantOf(style, { training, holdOut, seed }) {
  const texts = textsOf(style).map(({ text }) => text);
  const pictures = Random.of(seed, REVIEWED).shuffled([...Array(TEST_FROM).keys()]);
  return {
    style,
    texts,
    seed,
    training: pictures.slice(0, training),
    holdOut: pictures.slice(training, training + holdOut),
  };
}

/** The purpose of a random stream. */
const REVIEWED = 71;

/** The tenant's reviews as a run is given them; `changed` texts, by picture, stand for the true ones. */
export function reviewsOf({ texts, training, holdOut, seed }, changed = new Map()) {
  const examples = [...training, ...holdOut].map((picture, n) => ({
    id: `caption-${n}`,
    embedding: embeddings[picture],
    text: changed.get(picture) ?? texts[picture],
    isCorrected: true,
    reviewedAt: new Date(2026, 0, 1, 0, n),
    imageKey: `picture-${picture}`,
  }));
  const [learnt, held] = [examples.slice(0, training.length), examples.slice(training.length)];
  return { training: learnt, holdOut: held, mayStartFromChampion: true, seed };
}

/** A run that is taken up where its candidate was already trained: the recipe's judging alone, on that delta. */
export const takenUpWith = (delta) => ({
  ...unwatched(),
  checkpoint: {
    load: async (name) => (name === 'candidate' ? { delta, plan: { scale: 1 } } : undefined),
    save: async () => undefined,
  },
});
