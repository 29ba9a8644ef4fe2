import { z } from 'zod';
import { AssetSchema } from './asset.js';
import { PromotionSchema } from './mapper.js';
import { SuggestionSchema } from './suggestion.js';
import { TrainingRunSchema } from './training-run.js';

/**
 * `GET /v1/suggestions/stream`: server-sent events of the caller's tenant. `event:` is the type, `data:` the JSON
 * below. Nothing is replayed: after a reconnect the client lists again (`ready` opens every connection, so a client
 * that refetches on `ready` misses nothing). A comment every 15 s keeps proxies from closing an idle stream.
 */
export const STREAM_EVENT_SCHEMAS = {
  /** the stream is subscribed: whatever happens from now on will arrive */
  ready: z.object({}),
  'suggestion.created': SuggestionSchema,
  /** a review was made, replaced or taken back; the suggestion as it stands now */
  'suggestion.reviewed': SuggestionSchema,
  'asset.failed': AssetSchema,
  /** a run was asked for, moved on (about twice a second) or ended; without curve and examples */
  'training.updated': TrainingRunSchema,
  /** another mapper writes from now on */
  'mapper.promoted': PromotionSchema,
} as const;

export type StreamEventType = keyof typeof STREAM_EVENT_SCHEMAS;

export type StreamEvent = {
  [Type in StreamEventType]: { readonly type: Type; readonly data: z.infer<(typeof STREAM_EVENT_SCHEMAS)[Type]> };
}[StreamEventType];
