import { ApiProblem, type ProblemCode } from '../api/client';
import type { AcceptedAsset } from '../api/send-file';

/** `landed`: the server has it and the caption is to come. */
export type UploadPhase = 'queued' | 'sending' | 'landed' | 'captioned' | 'failed';

export interface Upload {
  readonly id: number;
  readonly name: string;
  readonly phase: UploadPhase;
  /** sent share of the bytes, 0–1 */
  readonly progress: number;
  readonly isNew: boolean;
  /** the bytes did not get through: sending them again may help */
  readonly canRetry: boolean;
  readonly problem?: { readonly code: ProblemCode; readonly message: string };
}

type Outcome = Pick<Upload, 'phase' | 'problem'>;
type Send = (file: File, onProgress: (share: number) => void) => Promise<AcceptedAsset>;

const MAX_PARALLEL = 3;
const MAX_REMEMBERED = 500;
/** what may go well the next time */
const TRANSIENT = new Set<ProblemCode>(['unreachable', 'internal', 'store_unavailable', 'deadline_exceeded']);

/**
 * Files on their way: a few at a time, each followed from its bytes to its caption. What the event stream says of
 * an asset may come before the answer that names it, so outcomes are remembered and matched by the asset's id.
 */
export class UploadQueue {
  private uploads: readonly Upload[] = [];
  private readonly files = new Map<number, File>();
  private readonly assets = new Map<string, number>();
  private readonly outcomes = new Map<string, Outcome>();
  private readonly listeners = new Set<() => void>();
  private lastId = 0;

  constructor(private readonly send: Send) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  readonly snapshot = (): readonly Upload[] => this.uploads;

  add(files: readonly File[]): void {
    const added = files.map((file): Upload => {
      const id = ++this.lastId;
      this.files.set(id, file);
      return { id, name: file.name, phase: 'queued', progress: 0, isNew: true, canRetry: false };
    });
    this.publish([...this.uploads, ...added]);
    this.pump();
  }

  retry(id: number): void {
    if (!this.files.has(id)) return;
    this.update(id, { phase: 'queued', progress: 0, problem: undefined, canRetry: false });
    this.pump();
  }

  /** Forgets what needs no more attention. */
  clearFinished(): void {
    this.publish(this.uploads.filter(({ phase }) => phase === 'queued' || phase === 'sending'));
  }

  /** The pipeline is done with an asset, for better or worse. */
  settle(assetId: string, outcome: Outcome): void {
    this.outcomes.set(assetId, outcome);
    for (const oldest of this.outcomes.keys()) if (this.outcomes.size > MAX_REMEMBERED) this.outcomes.delete(oldest);
    const id = this.assets.get(assetId);
    if (id !== undefined) this.update(id, outcome);
  }

  private pump(): void {
    const sending = this.uploads.filter(({ phase }) => phase === 'sending').length;
    const waiting = this.uploads.filter(({ phase }) => phase === 'queued');
    for (const { id } of waiting.slice(0, Math.max(0, MAX_PARALLEL - sending))) void this.sendOne(id);
  }

  private async sendOne(id: number): Promise<void> {
    const file = this.files.get(id);
    if (!file) return;
    this.update(id, { phase: 'sending' });
    try {
      const asset = await this.send(file, (progress) => this.update(id, { progress }));
      this.files.delete(id);
      this.assets.set(asset.id, id);
      this.update(id, { isNew: asset.isNew, progress: 1, ...(this.outcomes.get(asset.id) ?? outcomeOf(asset)) });
    } catch (error) {
      const problem = problemOf(error);
      this.update(id, { phase: 'failed', problem, canRetry: TRANSIENT.has(problem.code) });
    }
    this.pump();
  }

  private update(id: number, change: Partial<Upload>): void {
    this.publish(this.uploads.map((upload) => (upload.id === id ? { ...upload, ...change } : upload)));
  }

  private publish(uploads: readonly Upload[]): void {
    this.uploads = uploads;
    for (const listener of this.listeners) listener();
  }
}

function outcomeOf({ status, error }: AcceptedAsset): Outcome {
  if (status === 'captioned') return { phase: 'captioned' };
  if (status === 'received') return { phase: 'landed' };
  return { phase: 'failed', problem: { code: error?.code ?? 'internal', message: error?.message ?? '' } };
}

const problemOf = (error: unknown): NonNullable<Upload['problem']> =>
  error instanceof ApiProblem
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: 'The server sent an answer we do not understand.' };
