import type { RequestHandler } from 'express';
import helmet from 'helmet';

type Directives = Readonly<Record<string, string[]>>;

/** Of every answer but those below: it is not a page, and where a browser shows it all the same it may do nothing. */
const ANSWER: Directives = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
  sandbox: [],
};

/** Of the review page: everything from here, nothing inline, and no text becomes markup or script by any function. */
const PAGE: Directives = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'manifest-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'require-trusted-types-for': ["'script'"],
  'trusted-types': ["'none'"],
};

/** Of the API's documentation, a page not of our making: it has styles inside and pictures as data. */
const DOCUMENTATION: Directives = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
};

/**
 * Before anything else answers, so that every answer has them. Plain HTTP works (a laptop, a cluster's inside), so
 * browsers are told to insist on HTTPS only where the deployment says that it is behind it.
 */
export function securityHeaders(isBehindHttps: boolean): RequestHandler {
  const headers = (directives: Directives): RequestHandler =>
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives },
      strictTransportSecurity: isBehindHttps,
      referrerPolicy: { policy: 'no-referrer' },
      xFrameOptions: { action: 'deny' },
    });
  const [answer, page, documentation] = [headers(ANSWER), headers(PAGE), headers(DOCUMENTATION)];
  return (request, response, next) => {
    // what the router will make of it: it knows no case
    const path = request.path.toLowerCase();
    if (/^\/docs(\/|$)/.test(path)) documentation(request, response, next);
    else if (/^\/(v1|docs-json|healthz|readyz|metrics)(\/|$)/.test(path)) answer(request, response, next);
    else page(request, response, next);
  };
}
