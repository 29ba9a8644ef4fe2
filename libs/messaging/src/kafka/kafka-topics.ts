import type { Admin, Kafka } from 'kafkajs';

/** A dead letter is its original and six headers more, and the original may be as large as its topic allows. */
const DEAD_LETTER_MAX_BYTES = 4 * 2 ** 20;
const SETTLE_TIMEOUT_MS = 15_000;
const POLL_MS = 100;

/**
 * Creates the topics that are missing, with the brokers' own partition count and replication, and resolves when the
 * brokers know them. Any number of processes may do so at once.
 */
export async function createMissingTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const present = new Set(await settled(() => admin.listTopics()));
    const missing = topics.filter((topic) => !present.has(topic));
    if (missing.length === 0) return;
    // one that another process has just made is no error, but not known everywhere yet either
    await admin.createTopics({ waitForLeaders: false, topics: missing.map(describeTopic) });
    await settled(() => expectLeaders(admin, missing));
  } finally {
    await admin.disconnect();
  }
}

async function expectLeaders(admin: Admin, topics: readonly string[]): Promise<void> {
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  const leaderless = metadata.topics.filter(({ partitions }) => partitions.some(({ leader }) => leader < 0));
  if (leaderless.length > 0) throw new Error(`no leader yet: ${leaderless.map(({ name }) => name).join(', ')}`);
}

/** Asks again for a while: a broker that is just told of anybody's new topic answers with an error in between. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const describeTopic = (topic: string) => ({
  topic,
  ...(topic.endsWith('.dlt') && {
    configEntries: [{ name: 'max.message.bytes', value: String(DEAD_LETTER_MAX_BYTES) }],
  }),
});
