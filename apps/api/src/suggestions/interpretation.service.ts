import { Injectable } from '@nestjs/common';
import type { Interpretation } from '@housestyle/contracts';
import { CaptionerClient, mapperToWire } from '@housestyle/contracts/captioner';
import { InterpretationRepository } from '@housestyle/database';
import { BASE_MAPPER_ID, DomainError, isErrorCode, type TenantId } from '@housestyle/domain';

/** An editor looks at the page meanwhile; the captioner may have a mapper to pull. */
const DEADLINE_MS = 15_000;

/** What a suggestion's mapper told the decoder: computed anew from the stored embedding, without the picture. */
@Injectable()
export class InterpretationService {
  constructor(
    private readonly sources: InterpretationRepository,
    private readonly captioner: CaptionerClient,
  ) {}

  /**
   * @param words of each position
   * @throws DomainError `not_found`; `conflict` when the captioner now serves another base model by that name; what the
   * captioner says
   */
  async interpret(tenant: TenantId, suggestionId: string, words: number): Promise<Interpretation> {
    const source = await this.sources.source(tenant, suggestionId);
    if (!source) throw new DomainError('not_found', `no suggestion ${suggestionId}`);
    const { baseModel, baseSha256, embedding, mapper, mapperName } = source;
    const response = await this.captioner.interpret(
      {
        baseModel,
        items: [{ id: suggestionId, embedding: { values: embedding }, mapper: mapper ? mapperToWire(mapper) : null }],
        topK: words,
      },
      { deadlineMs: DEADLINE_MS },
    );
    if (response.baseModelSha256 !== baseSha256) {
      throw new DomainError('conflict', `base model ${baseModel} is another one now than the one that wrote this`);
    }
    const { status, positions } = response.results[0]!;
    if (status.code !== 'ok') {
      throw new DomainError(isErrorCode(status.code) ? status.code : 'internal', status.message);
    }
    return {
      mapper: { id: mapper?.id ?? BASE_MAPPER_ID, name: mapperName ?? baseModel },
      positions: positions.map(({ norm, words: near }) => ({
        norm,
        words: near.map(({ text, cosine }) => ({ text, cosine })),
      })),
    };
  }
}
