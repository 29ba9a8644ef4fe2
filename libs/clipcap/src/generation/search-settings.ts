import { BeamSearch } from './beam-search.js';
import type { CompleteGeneration } from './generation-config.js';
import { GreedySearch } from './greedy-search.js';
import { HfBeamSearch } from './hf-beam-search.js';
import { RandomStream } from './random-stream.js';
import { SampleSearch } from './sample-search.js';
import type { Search } from './search.js';
import type { StoppingCriteria } from './stopping-criteria.js';
import { TokenFilter } from './token-filter.js';

/**
 * The search that settings ask for.
 * @param imageKey what tells this image from others: equal keys and seeds draw equal random numbers
 */
export function searchFor(settings: CompleteGeneration, criteria: StoppingCriteria, imageKey: number): Search {
  const { decode, scoring, numBeams, lengthPenalty, numReturnSequences, seed } = settings;
  switch (decode) {
    case 'beam':
      return scoring === 'hf'
        ? new HfBeamSearch(numBeams, criteria, lengthPenalty)
        : new BeamSearch(numBeams, criteria);
    case 'greedy':
    case 'nucleus':
      return new GreedySearch(criteria);
    case 'sample': {
      const streams = Array.from(
        { length: numReturnSequences },
        (_, candidate) => new RandomStream([seed, imageKey, candidate]),
      );
      return new SampleSearch(new TokenFilter({ ...settings, topK: settings.topK || Infinity }), criteria, streams);
    }
  }
}
