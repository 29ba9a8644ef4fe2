import {
  AssetDetailSchema,
  AssetPageSchema,
  SessionSchema,
  SuggestionPageSchema,
  SuggestionSchema,
  type CreateReview,
  type SuggestionState,
} from '@housestyle/contracts';
import { request } from './client';

export type SuggestionFilter = SuggestionState | 'all';

const PAGE_SIZE = 48;

export const getSession = () => request(SessionSchema, 'GET', '/v1/session');
export const signIn = (apiKey: string) => request(SessionSchema, 'POST', '/v1/session', { apiKey });
export const signOut = () => request<void>(undefined, 'DELETE', '/v1/session');

/** Newest first; `cursor` is the previous page's `nextCursor`. */
export const listSuggestions = (state: SuggestionFilter, cursor?: string) =>
  request(SuggestionPageSchema, 'GET', `/v1/suggestions?${pageQuery({ state, cursor })}`);

export const reviewSuggestion = (id: string, review: CreateReview) =>
  request(SuggestionSchema, 'POST', `/v1/suggestions/${id}/review`, review);

export const takeBackReview = (id: string) => request<void>(undefined, 'DELETE', `/v1/suggestions/${id}/review`);

export const listFailedAssets = (cursor?: string) =>
  request(AssetPageSchema, 'GET', `/v1/assets?${pageQuery({ status: 'failed', cursor })}`);

export const getAsset = (id: string) => request(AssetDetailSchema, 'GET', `/v1/assets/${id}`);

function pageQuery(parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return query.toString();
}
