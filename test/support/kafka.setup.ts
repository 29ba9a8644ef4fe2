import type { TestProject } from 'vitest/node';
import { startKafka } from './kafka.js';
import { requirements } from './requirements.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** bootstrap servers of the run's one Kafka; empty when this machine cannot start it (then specs skip) */
    kafkaBrokers: string;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!requirements.kafka().isPresent) {
    project.provide('kafkaBrokers', '');
    return undefined;
  }
  const kafka = await startKafka();
  project.provide('kafkaBrokers', kafka.brokers);
  return () => kafka.stop();
}
