import { Body, Controller, Delete, Get, Inject, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  CreateSessionSchema,
  SESSION_COOKIE,
  SessionSchema,
  type CreateSession,
  type Session,
} from '@housestyle/contracts';
import type { ApiSettings } from '@housestyle/settings';
import { Answers, AnswersNothing } from '../openapi/answers.decorator.js';
import { API_SETTINGS } from '../tokens.js';
import { CurrentCaller, Public, type Caller } from './caller.js';
import { KeyRing } from './key-ring.service.js';
import { sessionCookieOptions } from './session-cookie.js';
import { SessionService } from './session.service.js';

@ApiTags('session')
@Controller('v1/session')
export class SessionController {
  constructor(
    private readonly keyRing: KeyRing,
    private readonly sessions: SessionService,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
  ) {}

  /** Public, yet no other site can use it: its body is JSON, which a form cannot send. */
  @Post()
  @Public()
  @Answers(200, SessionSchema, 'signed in; the answer sets the session cookie')
  async signIn(
    @Body({ schema: CreateSessionSchema }) { apiKey }: CreateSession,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Session> {
    const session = await this.sessions.describe(await this.keyRing.callerOf(apiKey));
    response.cookie(SESSION_COOKIE, apiKey, sessionCookieOptions(this.settings.SECURE_COOKIES));
    return session;
  }

  @Get()
  @Answers(200, SessionSchema)
  getSession(@CurrentCaller() caller: Caller): Promise<Session> {
    return this.sessions.describe(caller);
  }

  /** Public: signing out works with a key that is no longer valid, too. */
  @Delete()
  @Public()
  @AnswersNothing('signed out')
  signOut(@Res({ passthrough: true }) response: Response): void {
    response.clearCookie(SESSION_COOKIE, sessionCookieOptions(this.settings.SECURE_COOKIES));
  }
}
