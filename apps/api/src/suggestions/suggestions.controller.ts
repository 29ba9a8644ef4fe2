import { Body, Controller, Delete, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  CreateReviewSchema,
  InterpretationQuerySchema,
  InterpretationSchema,
  STREAM_EVENT_SCHEMAS,
  SuggestionPageSchema,
  SuggestionQuerySchema,
  SuggestionSchema,
  type CreateReview,
  type Interpretation,
  type InterpretationQuery,
  type Suggestion,
  type SuggestionPage,
} from '@housestyle/contracts';
import type { z } from 'zod';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { LiveStreams } from '../live/live-streams.service.js';
import { Answers, AnswersNothing } from '../openapi/answers.decorator.js';
import { ROW_ID } from '../openapi/row-id.js';
import { InterpretationService } from './interpretation.service.js';
import { SuggestionsService } from './suggestions.service.js';

@ApiTags('suggestions')
@Controller('v1/suggestions')
export class SuggestionsController {
  constructor(
    private readonly suggestions: SuggestionsService,
    private readonly interpretations: InterpretationService,
    private readonly liveStreams: LiveStreams,
  ) {}

  @Get()
  @Answers(200, SuggestionPageSchema, 'newest first')
  listSuggestions(
    @CurrentCaller() caller: Caller,
    @Query({ schema: SuggestionQuerySchema }) query: z.output<typeof SuggestionQuerySchema>,
  ): Promise<SuggestionPage> {
    return this.suggestions.list(caller.tenantId, query);
  }

  @Get('stream')
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: `server-sent events of the own tenant: ${Object.keys(STREAM_EVENT_SCHEMAS).join(', ')}`,
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  streamSuggestions(@CurrentCaller() caller: Caller, @Res() response: Response): void {
    this.liveStreams.open(caller.tenantId, response);
  }

  @Get(':id')
  @Answers(200, SuggestionSchema)
  getSuggestion(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<Suggestion> {
    return this.suggestions.get(caller.tenantId, id);
  }

  @Get(':id/interpretation')
  @Answers(200, InterpretationSchema, 'what the mapper told the decoder, in the nearest vocabulary words')
  interpretSuggestion(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
    @Query({ schema: InterpretationQuerySchema }) { words }: InterpretationQuery,
  ): Promise<Interpretation> {
    return this.interpretations.interpret(caller.tenantId, id, words);
  }

  @Post(':id/review')
  @RequireScope('review')
  @Answers(200, SuggestionSchema, 'reviewed; an earlier review is replaced')
  reviewSuggestion(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
    @Body({ schema: CreateReviewSchema }) review: CreateReview,
  ): Promise<Suggestion> {
    return this.suggestions.review(caller, id, review);
  }

  @Delete(':id/review')
  @RequireScope('review')
  @AnswersNothing('the suggestion is pending again')
  takeReviewBack(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<void> {
    return this.suggestions.takeReviewBack(caller.tenantId, id);
  }
}
