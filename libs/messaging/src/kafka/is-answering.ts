import type { Kafka } from 'kafkajs';

const TIMEOUT_MS = 5_000;

/** Whether the group's coordinator answers on a connection of its own, and soon. */
export async function isAnswering(kafka: Kafka, groupId: string): Promise<boolean> {
  const admin = kafka.admin({ retry: { retries: 0 } });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), TIMEOUT_MS)));
  const ask = async (): Promise<boolean> => {
    await admin.connect();
    await admin.describeGroups([groupId]);
    return true;
  };
  try {
    return await Promise.race([ask(), timeout]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    void admin.disconnect().catch(() => undefined);
  }
}
