import { verdictSentences, type Promotion } from '@housestyle/contracts';
import { timeAgo } from '../suggestions/time-ago';
import { asSentence } from './run-words';

const KIND_WORDS: Record<Promotion['kind'], string> = {
  training: 'Promoted after its run',
  manual: 'Promoted by hand',
  rollback: 'Put back by hand',
  automatic_rollback: 'Put back by itself',
};
/** what the api writes where nobody gave a reason: it says no more than the kind */
const UNSAID = new Set(['promoted by hand', 'rolled back by hand']);

/** Why a version writes, since when and by whom. */
export function promotionWords({ kind, reason, promotedBy, promotedAt }: Promotion, nowMs: number): string {
  const when = timeAgo(Date.parse(promotedAt) - nowMs);
  const by = promotedBy === null ? '' : ` with the key ${promotedBy}`;
  const why = UNSAID.has(reason) ? '' : ` ${verdictSentences(reason).map(asSentence).join(' ')}`;
  return `${KIND_WORDS[kind]} ${when}${by}.${why}`;
}
