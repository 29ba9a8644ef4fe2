import { Metrics } from '@housestyle/telemetry';

const SECONDS = [1, 3, 10, 30, 60, 180, 600, 1800, 3600];

/** What the trainer counts. */
export class TrainerMetrics extends Metrics {
  readonly started = this.counter('trainer_started_total', 'runs begun or taken up again');
  readonly ended = this.counter('trainer_ended_total', 'runs that ended here, by status', ['status']);
  readonly rollbacks = this.counter('trainer_rollbacks_total', 'promotions taken back because of their reviews');
  readonly running = this.gauge('trainer_running', 'runs in progress in this process');
  readonly runSeconds = this.histogram('trainer_run_seconds', 'from beginning a run to its end', SECONDS);

  constructor() {
    super('trainer');
  }
}
