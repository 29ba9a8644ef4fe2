/**
 * A pipeline with one bug in it, for the checker to catch: the app's own main, with a method of one class replaced.
 * The product has no setting for any of this; the variable read here is this file's own.
 */
import { LeaseRepository } from '@housestyle/database';
import { KafkaEventSink, KafkaEventSource } from '@housestyle/messaging';
import pg from 'pg';
import { OutboxAdapter } from '../../../apps/pipeline/dist/relay/outbox.adapter.js';

const A_CENTURY_MS = 100 * 365 * 86_400_000;

const BUGS = {
  none() {},
  'commit offset before write'() {
    replace(KafkaEventSource, 'handleBatch', async function (original, handler, payload) {
      payload.resolveOffset(payload.batch.messages.at(-1).offset);
      await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
      return original(handler, payload);
    });
  },
  // beside it the test drops the index
  'no unique key'() {
    replace(pg.Client, 'query', function (original, config, ...rest) {
      if (typeof config?.text === 'string') {
        config.text = config.text.replace('ON CONFLICT (tenant_id, asset_id, version) DO NOTHING', '');
      }
      return original(config, ...rest);
    });
  },
  'swallowed dead-letter failure'() {
    replace(KafkaEventSink, 'publish', async function (original, messages) {
      const areDead = messages.every(({ topic }) => topic.endsWith('.dlt'));
      return original(messages).catch((error) => {
        if (!areDead) throw error;
      });
    });
  },
  'lease never expires'() {
    replace(LeaseRepository, 'lease', function (original, limit, _leaseMs, ...rest) {
      return original(limit, A_CENTURY_MS, ...rest);
    });
    replace(LeaseRepository, 'renew', async () => []);
  },
  'outbox marked before publish'() {
    replace(OutboxAdapter, 'claim', async function (original, ...args) {
      const events = await original(...args);
      await this.markPublished(events);
      return events;
    });
  },
};

function replace(Class, method, body) {
  const original = Class.prototype[method];
  Class.prototype[method] = function (...args) {
    return body.call(this, original.bind(this), ...args);
  };
}

BUGS[process.env.PLANTED_BUG]();
await import('../../../apps/pipeline/dist/main.js');
