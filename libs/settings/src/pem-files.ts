import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DomainError } from '@housestyle/domain';

/** A variable and the file that it names. */
type PemFile = readonly [name: string, file: string];

/** @throws DomainError `invalid_settings`: the file cannot be read or holds no certificate */
export function readAuthorities([name, file]: PemFile): Buffer {
  const pem = read([name, file]);
  parsed(name, () => new X509Certificate(pem));
  return pem;
}

/**
 * A process's own certificate and its key.
 * @throws DomainError `invalid_settings`: a file cannot be read or is not what it should be, the key is another
 * certificate's, or the certificate is not valid now
 */
export function readIdentity(certificateFile: PemFile, keyFile: PemFile): { certificate: Buffer; key: Buffer } {
  const [certificate, key] = [read(certificateFile), read(keyFile)];
  const leaf = parsed(certificateFile[0], () => new X509Certificate(certificate));
  const privateKey = parsed(keyFile[0], () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) throw wrongSetting(keyFile[0], `is not the key of ${certificateFile[0]}`);
  if (!isValidNow(leaf)) throw wrongSetting(certificateFile[0], `is valid from ${leaf.validFrom} to ${leaf.validTo}`);
  return { certificate, key };
}

export const wrongSetting = (name: string, what: string, cause?: unknown): DomainError =>
  new DomainError('invalid_settings', `wrong settings:\n  ${name}: ${what}`, { cause });

function read([name, file]: PemFile): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw wrongSetting(name, `cannot be read: ${file}`, cause);
  }
}

function parsed<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw wrongSetting(name, 'holds no PEM of its kind', cause);
  }
}

function isValidNow({ validFrom, validTo }: X509Certificate): boolean {
  return Date.parse(validFrom) <= Date.now() && Date.now() < Date.parse(validTo);
}
