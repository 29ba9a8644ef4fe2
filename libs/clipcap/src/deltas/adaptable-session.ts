import type { Feeds, Fetched, GraphModel, GraphRunner, GraphRunOptions, GraphSession } from '@housestyle/graph';

/** A network as it is, with a delta of each image's own on its linear layers, or on these and on its word table. */
export type Variant = 'plain' | 'deltas' | 'wordDeltas';

/** Builds a network's graph, with or without the inputs that its deltas come in by. */
export type BuildAdaptable = (variant: Variant) => GraphModel;

/**
 * One network as up to three loaded graphs: the plain one and beside it, from the first delta of its kind on, those that
 * take deltas. A batch so pays nothing for what only others have (2 % of a step at GPT-2's size if one without deltas ran
 * the second graph with empty ones), and who has none at all does not pay another graph's memory: packed copies of the
 * layers' weights, 340 MB at that size; the files themselves are mapped once.
 */
export class AdaptableSession {
  private readonly sessions = new Map<Variant, Promise<GraphSession>>();

  private constructor(private readonly loadVariant: (variant: Variant) => Promise<GraphSession>) {}

  /** @throws DomainError `invalid_model` */
  static async load(build: BuildAdaptable, runner: GraphRunner, options?: GraphRunOptions): Promise<AdaptableSession> {
    const session = new AdaptableSession(async (variant) => runner.load(build(variant), options));
    await session.prepare('plain');
    return session;
  }

  /** Loads a graph ahead of its first batch. */
  async prepare(variant: Variant): Promise<void> {
    await this.session(variant);
  }

  async run(
    feeds: Feeds,
    { variant, fetches }: { readonly variant: Variant; readonly fetches?: readonly string[] },
  ): Promise<Fetched> {
    const session = await this.session(variant);
    return session.run(feeds, fetches);
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
  }

  private session(variant: Variant): Promise<GraphSession> {
    const loading =
      this.sessions.get(variant) ??
      this.loadVariant(variant).catch((cause: unknown) => {
        // what failed once may work again: memory comes and goes
        this.sessions.delete(variant);
        throw cause;
      });
    this.sessions.set(variant, loading);
    return loading;
  }
}
