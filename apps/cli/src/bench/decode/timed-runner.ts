import type { Fetched, GraphModel, GraphRunner, GraphRunOptions, GraphSession } from '@housestyle/graph';
import { stopwatch, type Elapsed } from '../measure/stopwatch.js';

/** A runner that notes how long its sessions run: what is left of the whole is this program's own. */
export class TimedRunner implements GraphRunner {
  /** of each run. */
  readonly runs: Elapsed[] = [];

  constructor(private readonly runner: GraphRunner) {}

  get isGpu(): boolean {
    return this.runner.isGpu ?? false;
  }

  async load(model: GraphModel, options?: GraphRunOptions): Promise<GraphSession> {
    const session = await this.runner.load(model, options);
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run: (feeds, fetches) => this.timed(() => session.run(feeds, fetches)),
      release: () => session.release(),
    } satisfies GraphSession;
  }

  private async timed(run: () => Promise<Fetched>): Promise<Fetched> {
    const elapsed = stopwatch();
    try {
      return await run();
    } finally {
      this.runs.push(elapsed());
    }
  }
}
