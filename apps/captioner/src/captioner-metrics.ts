import { Metrics } from '@housestyle/telemetry';

/** Read whenever the metrics are. */
export interface CaptionerGauges {
  waitingItems(): number;
  bases(): readonly { readonly name: string; readonly bytes: number; readonly isLoaded: boolean }[];
  takenBytes(): number;
  deltaBytes(): number;
}

/** What the captioner counts. */
export class CaptionerMetrics extends Metrics {
  readonly items = this.counter('captioner_items_total', 'items answered, by status code', ['code']);
  readonly workersLost = this.counter('captioner_workers_lost_total', 'worker threads lost and replaced');
  readonly companyItems = this.histogram(
    'captioner_company_items',
    'items under way in all threads of a base model, itself included, when one is answered',
    [1, 2, 4, 8, 16, 32, 64, 128],
  );
  readonly itemSeconds = this.histogram(
    'captioner_item_seconds',
    'time of one item in its thread, its wait for room in the batch included',
    [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  );
  readonly baseLoads = this.counter('captioner_base_loads_total', 'base models loaded, or not: ok, failed', [
    'base',
    'outcome',
  ]);
  readonly baseLoadSeconds = this.histogram(
    'captioner_base_load_seconds',
    'time to load a base model',
    [0.1, 0.3, 1, 3, 10, 30, 100],
  );
  readonly baseEvictions = this.counter('captioner_base_evictions_total', 'base models unloaded to make room', [
    'base',
  ]);
  private readonly waiting = this.gauge(
    'captioner_waiting_items',
    'items waiting for a thread or for their base model',
  );
  private readonly baseLoaded = this.gauge('captioner_base_loaded', '1 while a base model is loaded, else 0', ['base']);
  private readonly baseBytes = this.gauge('captioner_base_bytes', 'memory a base model takes, as estimated', ['base']);
  private readonly taken = this.gauge('captioner_model_memory_bytes', 'memory of the loaded bases, as estimated');
  private readonly deltas = this.gauge(
    'captioner_delta_bytes',
    'memory of the tenants’ deltas that threads hold, once for all threads',
  );
  private gauges: CaptionerGauges | undefined;

  constructor() {
    super('captioner');
  }

  watch(gauges: CaptionerGauges): void {
    this.gauges = gauges;
  }

  override render(): Promise<string> {
    this.waiting.set(this.gauges?.waitingItems() ?? 0);
    this.taken.set(this.gauges?.takenBytes() ?? 0);
    this.deltas.set(this.gauges?.deltaBytes() ?? 0);
    for (const { name: base, bytes, isLoaded } of this.gauges?.bases() ?? []) {
      this.baseLoaded.set({ base }, isLoaded ? 1 : 0);
      this.baseBytes.set({ base }, bytes);
    }
    return super.render();
  }
}
