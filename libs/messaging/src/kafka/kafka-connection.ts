import { Kafka, logLevel, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { stopIdleTimers } from './idle-timers.js';

/** Where the client's own words go: what it recovers from by itself is a warning at most. */
export interface KafkaLog {
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** How brokers are spoken to; empty: in plain text, as nobody. */
export interface KafkaSecurity {
  readonly tls?: {
    /** PEM; absent: those that Node knows */
    readonly authorities?: Buffer;
    /** PEM, this client's own, where the brokers ask for one */
    readonly certificate?: Buffer;
    readonly key?: Buffer;
  };
  readonly login?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

export interface KafkaSettings {
  /** `host:port` each */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly security?: KafkaSecurity;
  readonly log?: KafkaLog;
}

/** one more than brokers to try, since the client learns of a coordinator's address only by failing first */
const hastyRetry = (brokers: number) => ({ initialRetryTime: 50, maxRetryTime: 50, retries: brokers + 1 });

/** It connects when a source, a sink or an admin does. */
export class KafkaConnection extends Kafka {
  /** Gives up soon, and says nothing: for a question to which a broker that is away is an answer. */
  readonly hasty: Kafka;

  constructor(config: KafkaConfig & { brokers: string[] }) {
    super(config);
    this.hasty = new Kafka({
      ...config,
      connectionTimeout: 1_000,
      requestTimeout: 5_000,
      retry: hastyRetry(config.brokers.length),
      logLevel: logLevel.NOTHING,
    });
  }
}

/**
 * A client for the brokers. What it waits for nests: a connection within a request within a consumer that begins anew,
 * each with pauses of its own. Three times the longest pause and a request that is never answered are 29.5 s, the most
 * that passes between a broker that is back and a consumer that asks to join its group.
 */
export function connectKafka({ brokers, clientId, security = {}, log }: KafkaSettings): KafkaConnection {
  stopIdleTimers();
  return new KafkaConnection({
    brokers: [...brokers],
    clientId,
    ...secured(security),
    connectionTimeout: 5_000,
    requestTimeout: 25_000,
    retry: { initialRetryTime: 200, maxRetryTime: 1_500, retries: 8 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ level, namespace, log: { message, timestamp: _, logger: __, ...fields } }) => {
        const text = `kafka ${namespace}: ${message}`;
        if (level <= logLevel.ERROR) log?.warn(fields, text);
        else log?.debug(fields, text);
      },
  });
}

const secured = ({ tls, login }: KafkaSecurity): Pick<KafkaConfig, 'ssl' | 'sasl'> => ({
  ...(tls && { ssl: { ca: tls.authorities, cert: tls.certificate, key: tls.key } }),
  ...(login && { sasl: { ...login } as SASLOptions }),
});
