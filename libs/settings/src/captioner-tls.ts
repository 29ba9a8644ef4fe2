import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DomainError } from '@housestyle/domain';

/** The variables as they were read. */
export interface CaptionerTlsFiles {
  readonly CAPTIONER_TLS_CERT?: string | undefined;
  readonly CAPTIONER_TLS_KEY?: string | undefined;
  readonly CAPTIONER_TLS_CA?: string | undefined;
  readonly CAPTIONER_TLS_SERVER_NAME?: string | undefined;
}

const NAMES = ['CAPTIONER_TLS_CERT', 'CAPTIONER_TLS_KEY', 'CAPTIONER_TLS_CA'] as const;
type Name = (typeof NAMES)[number];

/**
 * What the variables lead to, all PEM; undefined without them: plain text. Read once: a process is started again with a
 * renewed certificate.
 * @throws DomainError `invalid_settings`, naming the variable: some but not all are set, a file cannot be read or is not
 * what it should be, the key is another certificate's, or the certificate is not valid now
 */
export function captionerTls(settings: CaptionerTlsFiles) {
  const missing = NAMES.filter((name) => settings[name] === undefined);
  if (missing.length === NAMES.length) return undefined;
  if (missing.length > 0) throw wrong(missing[0]!, `is required where ${NAMES.find((name) => settings[name])} is set`);
  const [certificate, key, authorities] = NAMES.map((name) => read(name, settings[name]!)) as [Buffer, Buffer, Buffer];
  const leaf = parsed('CAPTIONER_TLS_CERT', () => new X509Certificate(certificate));
  parsed('CAPTIONER_TLS_CA', () => new X509Certificate(authorities));
  const privateKey = parsed('CAPTIONER_TLS_KEY', () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) throw wrong('CAPTIONER_TLS_KEY', 'is not the key of CAPTIONER_TLS_CERT');
  if (!isValidNow(leaf)) throw wrong('CAPTIONER_TLS_CERT', `is valid from ${leaf.validFrom} to ${leaf.validTo}`);
  return { certificate, key, authorities, serverName: settings.CAPTIONER_TLS_SERVER_NAME };
}

function read(name: Name, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw wrong(name, `cannot be read: ${file}`, cause);
  }
}

function parsed<T>(name: Name, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw wrong(name, 'holds no PEM of its kind', cause);
  }
}

function isValidNow({ validFrom, validTo }: X509Certificate): boolean {
  return Date.parse(validFrom) <= Date.now() && Date.now() < Date.parse(validTo);
}

const wrong = (name: Name, what: string, cause?: unknown): DomainError =>
  new DomainError('invalid_settings', `wrong settings:\n  ${name}: ${what}`, { cause });
