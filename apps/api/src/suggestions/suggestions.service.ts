import { Injectable } from '@nestjs/common';
import type { CreateReview, Suggestion, SuggestionPage, SuggestionQuerySchema } from '@housestyle/contracts';
import { ReviewRepository, SuggestionRepository } from '@housestyle/database';
import { DomainError, type TenantId } from '@housestyle/domain';
import type { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { presentSuggestion } from './present-suggestion.js';

@Injectable()
export class SuggestionsService {
  constructor(
    private readonly suggestions: SuggestionRepository,
    private readonly reviews: ReviewRepository,
  ) {}

  async list(tenant: TenantId, query: z.output<typeof SuggestionQuerySchema>): Promise<SuggestionPage> {
    const { state, ...page } = query;
    const { items, nextCursor } = await this.suggestions.list(tenant, state === 'all' ? page : { ...page, state });
    return { items: items.map(presentSuggestion), nextCursor: nextCursor ?? null };
  }

  async get(tenant: TenantId, id: string): Promise<Suggestion> {
    const suggestion = await this.find(tenant, id);
    if (!suggestion) throw noSuchSuggestion(id);
    return suggestion;
  }

  async find(tenant: TenantId, id: string): Promise<Suggestion | undefined> {
    const row = await this.suggestions.get(tenant, id);
    return row && presentSuggestion(row);
  }

  async review({ tenantId, keyPrefix }: Caller, id: string, review: CreateReview): Promise<Suggestion> {
    const row = await this.reviews.decide(tenantId, id, { ...review, editor: keyPrefix });
    if (!row) throw noSuchSuggestion(id);
    return presentSuggestion(row);
  }

  /** Taking back what was never decided is no error; the suggestion is pending either way. */
  async takeReviewBack(tenant: TenantId, id: string): Promise<void> {
    if (!(await this.reviews.withdraw(tenant, id))) await this.get(tenant, id);
  }
}

const noSuchSuggestion = (id: string) => new DomainError('not_found', `no suggestion ${id}`);
