import type { TestProject } from 'vitest/node';
import { startKafka, type KafkaDetour, type SecureKafka } from './kafka.js';
import { requirements } from './requirements.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** bootstrap servers of the run's one Kafka; empty when this machine cannot start it (then specs skip) */
    kafkaBrokers: string;
    /** the ways into it over TLS, by a password or a certificate; absent with it */
    kafkaSecure: SecureKafka | undefined;
    /** ways into it that a spec may put a proxy in front of; absent with it */
    kafkaDetours: Readonly<Record<DetouredSpec, KafkaDetour>> | undefined;
  }
}

const DETOURED_SPECS = ['silentConsumer', 'plantedBugs', 'messaging'] as const;
type DetouredSpec = (typeof DETOURED_SPECS)[number];

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!requirements.kafka().isPresent) {
    project.provide('kafkaBrokers', '');
    project.provide('kafkaSecure', undefined);
    project.provide('kafkaDetours', undefined);
    return undefined;
  }
  const kafka = await startKafka({ detours: DETOURED_SPECS.length });
  project.provide('kafkaBrokers', kafka.brokers);
  project.provide('kafkaSecure', kafka.secure);
  const detours = DETOURED_SPECS.map((spec, n) => [spec, kafka.detours[n]!] as const);
  project.provide('kafkaDetours', Object.fromEntries(detours) as Record<DetouredSpec, KafkaDetour>);
  return () => kafka.stop();
}
