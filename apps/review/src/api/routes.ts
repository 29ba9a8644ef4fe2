import {
  AssetDetailSchema,
  AssetPageSchema,
  InterpretationSchema,
  LearningSchema,
  MapperListSchema,
  SessionSchema,
  SuggestionPageSchema,
  SuggestionSchema,
  TrainingRunDetailSchema,
  TrainingRunPageSchema,
  TrainingRunSchema,
  TrainingScheduleSchema,
  type CreateReview,
  type SuggestionState,
  type TrainingSchedule,
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

export const interpretSuggestion = (id: string) =>
  request(InterpretationSchema, 'GET', `/v1/suggestions/${id}/interpretation`);

export const listFailedAssets = (cursor?: string) =>
  request(AssetPageSchema, 'GET', `/v1/assets?${pageQuery({ status: 'failed', cursor })}`);

export const getAsset = (id: string) => request(AssetDetailSchema, 'GET', `/v1/assets/${id}`);

export const getLearning = () => request(LearningSchema, 'GET', '/v1/learning');

export const putSchedule = (schedule: TrainingSchedule) =>
  request(TrainingScheduleSchema, 'PUT', '/v1/learning/schedule', schedule);

export const listRuns = (cursor?: string) =>
  request(TrainingRunPageSchema, 'GET', `/v1/training-runs?${pageQuery({ cursor, limit: '12' })}`);

export const getRun = (id: string) => request(TrainingRunDetailSchema, 'GET', `/v1/training-runs/${id}`);

export const requestRun = () => request(TrainingRunSchema, 'POST', '/v1/training-runs');

export const cancelRun = (id: string) => request(TrainingRunSchema, 'POST', `/v1/training-runs/${id}/cancel`);

export const listMappers = () => request(MapperListSchema, 'GET', '/v1/mappers');

/** `id` is a mapper version’s, or `base`; `expectedChampionId` is what it replaces, `null` the base’s own. */
export const promoteMapper = (id: string, expectedChampionId: string | null) =>
  request(MapperListSchema, 'POST', `/v1/mappers/${id}/promote`, { expectedChampionId });

export const rollBackMapper = (expectedChampionId: string | null) =>
  request(MapperListSchema, 'POST', '/v1/mappers/rollback', { expectedChampionId });

function pageQuery(parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return query.toString();
}
