import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PROBLEM_CONTENT_TYPE } from '@housestyle/contracts';
import { LimitError } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { toHttpProblem } from './to-http-problem.js';

/** The only place where an error becomes an answer. Logs what a person must look at: our own failures. */
@Catch()
export class HttpProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    // the sender went away in the middle of the body: nobody to answer, and nothing of ours is wrong
    if (request.readableAborted) return;
    const problem = toHttpProblem(thrown, request.path);
    if (problem.status >= 500) {
      this.logger.error({ err: thrown, method: request.method, path: request.path }, 'a request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (thrown instanceof LimitError) response.setHeader('Retry-After', String(thrown.retryAfterSeconds));
    response.status(problem.status).type(PROBLEM_CONTENT_TYPE).send(JSON.stringify(problem));
  }
}
