import type { TestProject } from 'vitest/node';
import { startKafka, type KafkaDetour, type SecureKafka } from './kafka.js';
import { requirements } from './requirements.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** bootstrap servers of the run's one Kafka; empty when this machine cannot start it (then specs skip) */
    kafkaBrokers: string;
    /** the ways into it over TLS, by a password or a certificate; absent with it */
    kafkaSecure: SecureKafka | undefined;
    /** ways into it that a spec may put a proxy in front of; each is one spec's */
    kafkaDetours: readonly KafkaDetour[];
  }
}

/** that of the silent consumers, and that of the planted bugs */
const DETOURS = 2;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!requirements.kafka().isPresent) {
    project.provide('kafkaBrokers', '');
    project.provide('kafkaSecure', undefined);
    project.provide('kafkaDetours', []);
    return undefined;
  }
  const kafka = await startKafka({ detours: DETOURS });
  project.provide('kafkaBrokers', kafka.brokers);
  project.provide('kafkaSecure', kafka.secure);
  project.provide('kafkaDetours', kafka.detours);
  return () => kafka.stop();
}
