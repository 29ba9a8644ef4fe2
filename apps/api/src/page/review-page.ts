import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { type NextFunction, type Request, type Response } from 'express';
import { DomainError } from '@housestyle/domain';

const RESERVED = /^\/(v1|docs|docs-json|healthz|readyz|metrics)(\/|$)/;
const YEAR_MS = 365 * 24 * 3_600_000;

/**
 * The folder of the built page: the setting, or the page built beside this api if there is one.
 * @throws DomainError `invalid_settings` when the setting names a folder without a page.
 */
export function reviewPageFolder(setting: string | undefined): string | undefined {
  const folder =
    setting === undefined ? fileURLToPath(new URL('../../../review/dist', import.meta.url)) : resolve(setting);
  if (existsSync(join(folder, 'index.html'))) return folder;
  if (setting === undefined) return undefined;
  throw new DomainError('invalid_settings', `wrong settings:\n  REVIEW_PAGE: no index.html in ${folder}`);
}

/** Files under `/`, and the page itself for any other address a browser navigates to. */
export function serveReviewPage(app: NestExpressApplication, folder: string): void {
  const index = join(folder, 'index.html');
  app.use(
    express.static(folder, {
      index: false,
      setHeaders: (response: Response, path: string) => {
        // the build puts a content hash into the names below assets/
        const isHashed = path.startsWith(join(folder, 'assets'));
        response.setHeader('Cache-Control', isHashed ? `public, max-age=${YEAR_MS / 1000}, immutable` : 'no-cache');
      },
    }),
  );
  app.use((request: Request, response: Response, next: NextFunction) => {
    const isNavigation = request.method === 'GET' && request.accepts('html') && !RESERVED.test(request.path);
    if (!isNavigation || request.path.includes('.')) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile(index);
  });
}
