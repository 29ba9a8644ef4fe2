import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CaptionItem } from '@housestyle/contracts/captioner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';

describe('a captioner whose artefact store stalls', () => {
  const MAX_QUEUE = 8;
  let store: Server;
  let captioner: RunningCaptioner;

  beforeAll(async () => {
    store = createServer(() => undefined);
    await new Promise<void>((listening) => store.listen(0, '127.0.0.1', listening));
    captioner = await startCaptioner({
      ARTEFACT_STORE: 's3://artefacts',
      S3_ENDPOINT: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'anyone',
      AWS_SECRET_ACCESS_KEY: 'anything',
      MAPPER_PULL_TIMEOUT_MS: '4000',
      MAX_QUEUE: String(MAX_QUEUE),
    });
  });
  afterAll(async () => {
    await captioner.close();
    store.closeAllConnections();
    store.close();
  });

  it('takes in twice its queue of what waits for a mapper, refuses the rest at once, and works on', async () => {
    const embedding = { values: Buffer.alloc(512) };
    const call = (n: number) => {
      const items: CaptionItem[] = Array.from({ length: MAX_QUEUE / 2 }, (_, item) => ({
        id: `${item}`,
        embedding,
        mapper: { id: `${n}`, sha256: String(n).padStart(64, '0'), key: `tenant/${n}-${item}` },
      }));
      return captioner.client.caption({ baseModel: 'demo', items }, { deadlineMs: 60_000 });
    };
    const calls = await Promise.allSettled(Array.from({ length: 12 }, (_, n) => call(n)));
    const answered = calls.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const refused = calls.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    expect(answered).toHaveLength(4);
    for (const { results } of answered) {
      for (const { status } of results) expect(status).toMatchObject({ code: 'store_unavailable', isRetryable: true });
    }
    for (const error of refused) expect(error).toMatchObject({ code: 'captioner_overloaded', disposition: 'retry' });
    const { results } = await captioner.client.caption(
      { baseModel: 'demo', items: [{ id: 'base', embedding }] },
      { deadlineMs: 60_000 },
    );
    expect(results[0]!.status.code).toBe('ok');
  });
});
