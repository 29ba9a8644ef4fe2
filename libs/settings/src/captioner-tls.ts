import { readAuthorities, readIdentity, wrongSetting } from './pem-files.js';

/** The variables as they were read. */
export interface CaptionerTlsFiles {
  readonly CAPTIONER_TLS_CERT?: string | undefined;
  readonly CAPTIONER_TLS_KEY?: string | undefined;
  readonly CAPTIONER_TLS_CA?: string | undefined;
  readonly CAPTIONER_TLS_SERVER_NAME?: string | undefined;
}

const NAMES = ['CAPTIONER_TLS_CERT', 'CAPTIONER_TLS_KEY', 'CAPTIONER_TLS_CA'] as const;

/**
 * What the variables lead to, all PEM; undefined without them: plain text. Read once: a process is started again with a
 * renewed certificate.
 * @throws DomainError `invalid_settings`, naming the variable: some but not all are set, a file cannot be read or is not
 * what it should be, the key is another certificate's, or the certificate is not valid now
 */
export function captionerTls(settings: CaptionerTlsFiles) {
  const [missing] = NAMES.filter((name) => settings[name] === undefined);
  const given = NAMES.find((name) => settings[name] !== undefined);
  if (given === undefined) return undefined;
  if (missing) throw wrongSetting(missing, `is required where ${given} is set`);
  const [certificate, key, authorities] = NAMES.map((name) => [name, settings[name]!] as const);
  return {
    ...readIdentity(certificate!, key!),
    authorities: readAuthorities(authorities!),
    serverName: settings.CAPTIONER_TLS_SERVER_NAME,
  };
}
