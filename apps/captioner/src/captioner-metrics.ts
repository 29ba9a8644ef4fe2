import { Metrics } from '@housestyle/telemetry';

/** What the captioner counts. */
export class CaptionerMetrics extends Metrics {
  readonly items = this.counter('captioner_items_total', 'items answered, by status code', ['code']);
  readonly workersLost = this.counter('captioner_workers_lost_total', 'worker threads lost and replaced');
  readonly batchItems = this.histogram('captioner_batch_items', 'items in one batch', [1, 2, 4, 8, 16, 32, 64, 128]);
  readonly batchSeconds = this.histogram(
    'captioner_batch_seconds',
    'time of one batch, wait for a thread included',
    [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  );
  private readonly waiting = this.gauge('captioner_waiting_items', 'items waiting for a batch');
  private readWaiting: () => number = () => 0;

  constructor() {
    super('captioner');
  }

  watchQueue(read: () => number): void {
    this.readWaiting = read;
  }

  override render(): Promise<string> {
    this.waiting.set(this.readWaiting());
    return super.render();
  }
}
