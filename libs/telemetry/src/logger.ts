import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stdout, one logger per process. WARN: recovered. ERROR: a person must act. */
export const createLogger = (app: string, level: string): Logger =>
  pino({ name: app, level, base: { app }, timestamp: pino.stdTimeFunctions.isoTime });

/** What NestJS asks of a logger, answered by pino. */
export class NestLogger {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ context: context.at(-1) }, String(message));
  }

  warn(message: unknown, ...context: unknown[]): void {
    this.logger.warn({ context: context.at(-1) }, String(message));
  }

  error(message: unknown, ...context: unknown[]): void {
    if (message instanceof Error) this.logger.error({ err: message }, message.message);
    else this.logger.error({ context }, String(message));
  }

  fatal(message: unknown, ...context: unknown[]): void {
    this.logger.fatal({ context }, String(message));
  }

  debug(message: unknown): void {
    this.logger.trace(String(message));
  }

  verbose(message: unknown): void {
    this.logger.trace(String(message));
  }
}
