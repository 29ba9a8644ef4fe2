import { Kafka, logLevel } from 'kafkajs';
import { stopIdleTimers } from './idle-timers.js';

/** Where the client's own words go: what it recovers from by itself is a warning at most. */
export interface KafkaLog {
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface KafkaSettings {
  /** `host:port` each */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log?: KafkaLog;
}

/** A client for the brokers; it connects when a source, a sink or an admin does. */
export function connectKafka({ brokers, clientId, log }: KafkaSettings): Kafka {
  stopIdleTimers();
  return new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 8 },
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
