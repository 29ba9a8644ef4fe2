import { readAuthorities, readIdentity, wrongSetting } from './pem-files.js';

/** The variables as they were read. */
export interface KafkaSecurityVariables {
  readonly KAFKA_TLS: boolean;
  readonly KAFKA_TLS_CA?: string | undefined;
  readonly KAFKA_TLS_CERT?: string | undefined;
  readonly KAFKA_TLS_KEY?: string | undefined;
  readonly KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
  readonly KAFKA_SASL_USERNAME?: string | undefined;
  readonly KAFKA_SASL_PASSWORD?: string | undefined;
}

/**
 * How the variables say that brokers are spoken to: without any in plain text, as nobody. Files are read once: a process
 * is started again with a renewed certificate.
 * @throws DomainError `invalid_settings`, naming the variable: one that stands alone, a password that would go over the
 * network as it is, or a file that cannot be read or is not what it should be
 */
export function kafkaSecurity(settings: KafkaSecurityVariables) {
  const tls = tlsOf(settings);
  const login = loginOf(settings);
  if (login?.mechanism === 'plain' && !tls) {
    throw wrongSetting('KAFKA_SASL_MECHANISM', 'plain takes KAFKA_TLS=true: anybody between could read the password');
  }
  return { ...(tls && { tls }), ...(login && { login }) };
}

function tlsOf(settings: KafkaSecurityVariables) {
  const { KAFKA_TLS: isAsked, KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: certificate, KAFKA_TLS_KEY: key } = settings;
  if (!isAsked) {
    const given = (['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'] as const).find((name) => settings[name]);
    if (given) throw wrongSetting('KAFKA_TLS', `must be true where ${given} is set`);
    return undefined;
  }
  if (certificate !== undefined && key === undefined) throw alone('KAFKA_TLS_KEY', 'KAFKA_TLS_CERT');
  if (certificate === undefined && key !== undefined) throw alone('KAFKA_TLS_CERT', 'KAFKA_TLS_KEY');
  return {
    ...(ca !== undefined && { authorities: readAuthorities(['KAFKA_TLS_CA', ca]) }),
    ...(certificate !== undefined &&
      key !== undefined &&
      readIdentity(['KAFKA_TLS_CERT', certificate], ['KAFKA_TLS_KEY', key])),
  };
}

function loginOf(settings: KafkaSecurityVariables) {
  const names = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
  const given = names.find((name) => settings[name] !== undefined);
  if (given === undefined) return undefined;
  const missing = names.find((name) => settings[name] === undefined);
  if (missing) throw alone(missing, given);
  const { KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = settings;
  return { mechanism: KAFKA_SASL_MECHANISM!, username: KAFKA_SASL_USERNAME!, password: KAFKA_SASL_PASSWORD! };
}

const alone = (missing: string, given: string) => wrongSetting(missing, `is required where ${given} is set`);
