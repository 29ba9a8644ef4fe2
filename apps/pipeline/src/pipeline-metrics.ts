import { Metrics } from '@housestyle/telemetry';

const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

/** What the pipeline counts. */
export class PipelineMetrics extends Metrics {
  readonly landed = this.counter('pipeline_landed_total', 'uploads that became rows');
  readonly duplicates = this.counter('pipeline_duplicates_total', 'uploads that were here already');
  readonly deadLetters = this.counter('pipeline_dead_letters_total', 'messages moved aside, by code', ['code']);
  readonly landingPaused = this.gauge(
    'pipeline_landing_paused',
    '1 while a topic waits, nearly nothing of it landing',
    ['topic'],
  );
  readonly captioned = this.counter('pipeline_captioned_total', 'assets captioned');
  readonly failed = this.counter('pipeline_failed_total', 'assets failed for good, by code', ['code']);
  readonly retried = this.counter('pipeline_retried_total', 'attempts that will be repeated, by code', ['code']);
  readonly fallbacks = this.counter('pipeline_mapper_fallbacks_total', 'items whose mapper was unusable, by code', [
    'code',
  ]);
  readonly lostLeases = this.counter('pipeline_lost_leases_total', 'outcomes that came after their lease had ended');
  readonly lostDecoders = this.counter('pipeline_lost_decoders_total', 'decoding processes that ended unasked');
  readonly published = this.counter('pipeline_published_total', 'outbox events published');
  readonly webhooks = this.counter('pipeline_webhook_attempts_total', 'attempts to send webhooks, by outcome', [
    'outcome',
  ]);
  readonly held = this.gauge('pipeline_held_assets', 'assets leased by this process');
  readonly outbox = this.gauge('pipeline_outbox_events', 'outbox events that wait to be published');
  readonly prepareSeconds = this.histogram('pipeline_prepare_seconds', 'fetch, decode, resize of one asset', SECONDS);
  readonly callSeconds = this.histogram('pipeline_call_seconds', 'one call of the captioner', SECONDS);
  readonly callItems = this.histogram('pipeline_call_items', 'assets in one call', [1, 2, 4, 8, 16, 32, 64, 128]);

  constructor() {
    super('pipeline');
  }
}
