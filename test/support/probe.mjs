import kafkajs from 'kafkajs';
const { Kafka, logLevel } = kafkajs;
const k = new Kafka({
  brokers: ['127.0.0.1:39092'],
  logLevel: logLevel.ERROR,
  retry: { retries: 30, initialRetryTime: 100, maxRetryTime: 500 },
});
const t0 = Date.now();
const a = k.admin();
await a.connect();
console.log('admin', Date.now() - t0);
console.log(await a.createTopics({ topics: [{ topic: 't1', numPartitions: 3 }] }));
console.log(await a.listTopics(), await a.describeCluster());
const p = k.producer({ idempotent: true, maxInFlightRequests: 1 });
await p.connect();
console.log(
  await p.send({
    topic: 't1',
    acks: -1,
    messages: [
      { key: 'a', value: 'x', headers: { ce_id: 'żółć' } },
      { key: 'b', value: 'y' },
    ],
  }),
);
const c = k.consumer({ groupId: 'g1' });
await c.connect();
await c.subscribe({ topic: 't1', fromBeginning: true });
let n = 0;
const done = new Promise((r) =>
  c.run({
    eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
      for (const m of batch.messages) {
        console.log(Date.now() - t0, m.key.toString(), m.headers);
        resolveOffset(m.offset);
        if (++n === 2) r();
      }
    },
  }),
);
await done;
await c.stop();
console.log(await a.fetchOffsets({ groupId: 'g1', topics: ['t1'] }));
await c.disconnect();
console.log((await a.describeGroups(['g1'])).groups[0].state, await a.fetchTopicOffsets('t1'));
await p.disconnect();
await a.disconnect();
console.log('end', Date.now() - t0);
