import type { Kafka } from 'kafkajs';

/** A dead letter is its original and six headers more, and the original may be as large as its topic allows. */
const DEAD_LETTER_MAX_BYTES = 4 * 2 ** 20;

/** Creates the topics that are missing, with the brokers' own partition count and replication. */
export async function createMissingTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const present = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !present.has(topic));
    if (missing.length > 0) {
      await admin.createTopics({ waitForLeaders: true, topics: missing.map(describeTopic) });
    }
  } finally {
    await admin.disconnect();
  }
}

const describeTopic = (topic: string) => ({
  topic,
  ...(topic.endsWith('.dlt') && {
    configEntries: [{ name: 'max.message.bytes', value: String(DEAD_LETTER_MAX_BYTES) }],
  }),
});
