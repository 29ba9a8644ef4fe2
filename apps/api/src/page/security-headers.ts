import helmet from 'helmet';

/**
 * The page loads everything from here. Its component library writes <style> elements, and the pictures it has just been
 * given to upload are shown from blob: URLs. Plain HTTP works (a laptop, a cluster's inside), so nothing is upgraded
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
        'img-src': ["'self'", 'data:', 'blob:'],
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
