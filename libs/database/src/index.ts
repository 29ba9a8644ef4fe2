export { newApiKey, type NewApiKey } from './api-key.js';
export * from './api-key.repository.js';
export * from './asset-row.js';
export * from './asset.repository.js';
export * from './bucket-mapping.repository.js';
export * from './captioning.repository.js';
export type { Writers } from './champion.js';
export * from './channels.js';
export * from './connection-urls.js';
export type { Page, PageRequest } from './cursor.js';
export * from './database.js';
export * from './erasure.repository.js';
export * from './interpretation.repository.js';
export * from './landing.repository.js';
export {
  LearningRepository,
  type DatedVerdict,
  type LearningState,
  type PromotionTrial,
  type Readiness,
} from './learning.repository.js';
export * from './lease.repository.js';
export * from './listen.js';
export * from './lock-training.js';
export * from './mapper-version.repository.js';
export { migrate, MIGRATIONS_DIRECTORY } from './migrate.js';
export * from './outbox.repository.js';
export * from './prepare-database.js';
export * from './provision-tenants.js';
export * from './redrive.repository.js';
export * from './review.repository.js';
export { imageKeyOf, type LearnableCaption } from './reviewed-captions.js';
export { APP_ROLE, QUEUE_ROLE, type DatabaseRole, type DatabaseUrls } from './roles.js';
export * from './suggestion.repository.js';
export type { ReviewView, SuggestionView } from './suggestion-view.js';
export * from './tenant.repository.js';
export * from './tenant-limits.js';
export * from './training-lifecycle.repository.js';
export { TrainingRunRepository } from './training-run.repository.js';
export type {
  CurvePoint,
  HoldOutExample,
  TrainingProgress,
  TrainingRunDetail,
  TrainingRunView,
} from './training-run-view.js';
export * from './training-schedule.repository.js';
export * from './webhook-delivery.repository.js';
export { WebhookSecrets } from './webhook-secrets.js';
export * from './webhook.repository.js';
