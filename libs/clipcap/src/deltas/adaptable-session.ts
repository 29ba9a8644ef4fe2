import type { Feeds, Fetched, GraphModel, GraphRunner, GraphRunOptions, GraphSession } from '@housestyle/graph';
import type { DeltaStack } from './delta-stack.js';

/** Builds a network's graph, with or without the inputs of `deltaInputs`. */
export type BuildAdaptable = (options: { readonly hasDeltas: boolean }) => GraphModel;

/**
 * One network as two loaded graphs: the plain one, and beside it, from the first delta on, the one that takes deltas. A
 * batch without deltas so pays nothing for those of others (2 % of a step at GPT-2's size if it ran the second graph
 * with empty deltas), and who has none at all does not pay the second graph's memory: packed copies of the layers'
 * weights, 340 MB at that size; the files themselves are mapped once.
 */
export class AdaptableSession {
  private withDeltas: Promise<GraphSession> | undefined;

  private constructor(
    private readonly plain: GraphSession,
    private readonly loadWithDeltas: () => Promise<GraphSession>,
  ) {}

  /** @throws DomainError `invalid_model` */
  static async load(build: BuildAdaptable, runner: GraphRunner, options?: GraphRunOptions): Promise<AdaptableSession> {
    const load = (hasDeltas: boolean) => runner.load(build({ hasDeltas }), options);
    return new AdaptableSession(await load(false), () => load(true));
  }

  /** Loads the second graph ahead of its first batch. */
  async prepareDeltas(): Promise<void> {
    await this.sessionWithDeltas();
  }

  async run(feeds: Feeds, { fetches, deltas }: { fetches?: readonly string[]; deltas?: DeltaStack }): Promise<Fetched> {
    if (!deltas) return this.plain.run(feeds, fetches);
    const session = await this.sessionWithDeltas();
    return session.run({ ...feeds, ...deltas.feeds() }, fetches);
  }

  async release(): Promise<void> {
    await this.plain.release();
    await (await this.withDeltas)?.release();
  }

  private sessionWithDeltas(): Promise<GraphSession> {
    this.withDeltas ??= this.loadWithDeltas().catch((cause: unknown) => {
      // what failed once may work again: memory comes and goes
      this.withDeltas = undefined;
      throw cause;
    });
    return this.withDeltas;
  }
}
