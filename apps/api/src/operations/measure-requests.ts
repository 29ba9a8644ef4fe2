import type { NextFunction, Request, Response } from 'express';
import type { Metrics } from '@housestyle/telemetry';

/** Seconds from a request's arrival to its answer's end, by route (the pattern, so that ids make no new series). */
export function measureRequests(metrics: Metrics) {
  const seconds = metrics.histogram(
    'api_request_seconds',
    'Duration of HTTP requests',
    [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    ['method', 'route', 'status'],
  );
  return (request: Request, response: Response, next: NextFunction): void => {
    const started = process.hrtime.bigint();
    response.on('finish', () => {
      const elapsed = Number(process.hrtime.bigint() - started) / 1e9;
      const route = (request.route as { path?: string } | undefined)?.path ?? 'other';
      seconds.observe({ method: request.method, route, status: String(response.statusCode) }, elapsed);
    });
    next();
  };
}
