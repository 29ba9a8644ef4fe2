import type { Admin } from 'kafkajs';
import { withAdmin } from '../support/kafka.js';
import { patiently } from './patience.js';

/** Messages of `topic` that `groupId` has not committed. */
export function groupLag(brokers: string, topic: string, groupId: string): Promise<number> {
  const count = async (admin: Admin): Promise<number> => {
    const ends = await admin.fetchTopicOffsets(topic);
    const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = new Map(
      group?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]),
    );
    return ends.reduce((sum, { partition, offset }) => sum + Number(offset) - (committed.get(partition) ?? 0), 0);
  };
  return patiently('the lag', () => withAdmin(brokers, count));
}
