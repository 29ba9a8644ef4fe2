import { deserialize, serialize } from 'node:v8';
import { DomainError } from '@housestyle/domain';
import type { ObjectStore } from '@housestyle/object-store';
import type { CheckpointStore } from '@housestyle/training';
import type { ArtefactObjects } from './mapper-artefacts.js';

const INDEX = 'index.json';
const ARTEFACTS = 'artefacts';
const MAX_CHECKPOINT_BYTES = 4 * 1024 ** 3;
const MAX_INDEX_BYTES = 1024 * 1024;

/**
 * A run's checkpoints in the artefact store, where the next trainer finds them, whichever machine it runs on. The
 * index, written before a name's first bytes, is what `discard` goes by.
 */
export class CheckpointObjects implements CheckpointStore {
  private names: Promise<Set<string>> | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly key: string,
  ) {}

  async load<Value>(name: string): Promise<Value | undefined> {
    const bytes = await this.read(name, MAX_CHECKPOINT_BYTES);
    return bytes && (deserialize(bytes) as Value);
  }

  async save(name: string, value: unknown): Promise<void> {
    const names = await this.knownNames();
    if (!names.has(name)) {
      names.add(name);
      await this.store.put(this.keyOf(INDEX), Buffer.from(JSON.stringify([...names])));
    }
    await this.store.put(this.keyOf(name), serialize(value));
  }

  /** What this run has put into the store besides, or was about to. */
  async artefacts(): Promise<ArtefactObjects[]> {
    return (await this.load<ArtefactObjects[]>(ARTEFACTS)) ?? [];
  }

  /** To be called before it is stored: whoever finds the run ended knows by it what to remove. */
  async noteArtefact(artefact: ArtefactObjects): Promise<void> {
    const noted = await this.artefacts();
    if (!noted.some(({ key }) => key === artefact.key)) await this.save(ARTEFACTS, [...noted, artefact]);
  }

  /** The run has ended: nobody takes it up again. */
  async discard(): Promise<void> {
    for (const name of [...(await this.knownNames()), INDEX]) await this.store.delete(this.keyOf(name));
  }

  private knownNames(): Promise<Set<string>> {
    this.names ??= this.read(INDEX, MAX_INDEX_BYTES).then(
      (bytes) => new Set(bytes ? (JSON.parse(bytes.toString('utf8')) as string[]) : []),
    );
    return this.names;
  }

  private async read(name: string, maxBytes: number): Promise<Buffer | undefined> {
    try {
      return await this.store.read(this.keyOf(name), { maxBytes });
    } catch (error) {
      if (error instanceof DomainError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  private keyOf(name: string): string {
    return `${this.key}/${name}`;
  }
}
