import { DomainError } from '@housestyle/domain';
import { captionerTls, type CaptionerSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import type { ListenOptions } from './captioner-server.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

/**
 * Where the settings say to listen, and to whom. Plain text beyond this machine is allowed (a mesh may encrypt for us),
 * but not without a word.
 * @throws DomainError `invalid_settings`, naming the variable
 */
export function listenOptions(settings: CaptionerSettings, logger: Logger): ListenOptions {
  const { CAPTIONER_HOST: host, CAPTIONER_PORT: port, CAPTIONER_TLS_CLIENTS: clients } = settings;
  const tls = captionerTls(settings);
  if (!tls && clients.length > 0) {
    throw new DomainError('invalid_settings', 'wrong settings:\n  CAPTIONER_TLS_CLIENTS: needs CAPTIONER_TLS_CERT');
  }
  if (!tls && !LOOPBACK.test(host)) {
    logger.warn(
      { host },
      'listening beyond this machine in plain text: whoever reaches the port may ask for captions, and whoever is on the way reads them; set CAPTIONER_TLS_CERT, CAPTIONER_TLS_KEY and CAPTIONER_TLS_CA',
    );
  }
  return { host, port, tls, clients };
}
