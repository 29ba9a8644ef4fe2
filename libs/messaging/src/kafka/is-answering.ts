import type { KafkaConnection } from './kafka-connection.js';

/** Whether the group's coordinator answers on a connection of its own within `timeoutMs`. */
export async function isAnswering({ hasty }: KafkaConnection, groupId: string, timeoutMs: number): Promise<boolean> {
  const admin = hasty.admin({ retry: { retries: 0 } });
  const ask = async (): Promise<boolean> => {
    try {
      await admin.connect();
      await admin.describeGroups([groupId]);
      return true;
    } catch {
      return false;
    } finally {
      // here, since told so earlier the client would go on connecting, and stay connected
      void admin.disconnect().catch(() => undefined);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
  const answer = await Promise.race([ask(), timeout]);
  clearTimeout(timer);
  return answer;
}
