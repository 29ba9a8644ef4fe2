import type { BaseModel, CaptionerClient } from '@housestyle/contracts/captioner';
import { DomainError } from '@housestyle/domain';

const MAX_AGE_MS = 30_000;
/** a name that is not on the list may just have been added to it */
const MAX_AGE_OF_ABSENCE_MS = 1_000;

/** Which base models the captioner serves and what they take, asked again every half minute. */
export class BaseModels {
  private models: ReadonlyMap<string, BaseModel> = new Map();
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;
  /** the first time in a row that it could not be asked, of `performance.now` */
  private failingSince: number | undefined;

  constructor(private readonly captioner: Pick<CaptionerClient, 'listBaseModels'>) {}

  /** True once the captioner has answered. */
  get isKnown(): boolean {
    return this.models.size > 0;
  }

  /** For how long it could not be asked, though it was tried; 0 while it answers. */
  get failingForMs(): number {
    return this.failingSince === undefined ? 0 : performance.now() - this.failingSince;
  }

  /** Asks in the background if it has not been asked for a while: nobody else does while no pictures come. */
  look(): void {
    if (performance.now() - this.readAt > MAX_AGE_MS) void this.refresh().catch(() => undefined);
  }

  /** @throws DomainError `model_not_found`; `captioner_unavailable` and the like when it cannot be asked */
  async get(name: string): Promise<BaseModel> {
    const maxAgeMs = this.models.has(name) ? MAX_AGE_MS : MAX_AGE_OF_ABSENCE_MS;
    if (performance.now() - this.readAt > maxAgeMs) {
      await this.refresh().catch((error: unknown) => {
        // a captioner that is away for a while still takes what it took
        if (!this.models.has(name)) throw error;
      });
    }
    const model = this.models.get(name);
    if (model) return model;
    const advice = 'name its directory in the captioner’s MODEL_DIRECTORIES';
    throw new DomainError('model_not_found', `the captioner does not serve ${JSON.stringify(name)}: ${advice}`);
  }

  refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<void> {
    const { baseModels } = await this.captioner.listBaseModels().catch((error: unknown) => {
      this.failingSince ??= performance.now();
      throw error;
    });
    this.models = new Map(baseModels.map((model) => [model.name, model]));
    this.readAt = performance.now();
    this.failingSince = undefined;
  }
}
