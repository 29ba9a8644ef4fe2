import helmet from 'helmet';

/**
 * The pages load everything from here; inline styles and data: images are what the API's own documentation at /docs
 * needs. Plain HTTP works (a laptop, a cluster's inside), so nothing is upgraded
 * unless the deployment says that it is behind HTTPS.
 */
export const securityHeaders = (isBehindHttps: boolean) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'", 'data:'],
        'connect-src': ["'self'"],
        'manifest-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: isBehindHttps,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
