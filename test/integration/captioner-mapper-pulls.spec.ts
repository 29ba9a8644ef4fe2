import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CaptionItem, CaptionResult } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoPixels, putMapperArtefact, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { waitFor } from '../support/wait-for.js';

const GOLDENS = new URL('../parity/goldens/', import.meta.url);
type Golden = { beam5: { text: string }[] };
const [picture] = (
  JSON.parse(await readFile(new URL('goldens.json', GOLDENS), 'utf8')) as {
    pictures: { file: string; mlp: Golden; transformer: Golden }[];
  }
).pictures as [{ file: string; mlp: Golden; transformer: Golden }];
const rgb = await demoPixels(new URL(`images/test/${picture.file}`, GOLDENS).pathname);
const CALL = { deadlineMs: 60_000 };

const item = (id: string, mapper?: MapperReference): CaptionItem => ({
  id,
  pixels: { rgb },
  ...(mapper && { mapper }),
});
const texts = (results: readonly CaptionResult[]) => results.map(({ hypotheses }) => hypotheses[0]?.text);
const [ofBase, ofTransformer] = [picture.mlp.beam5[0]!.text, picture.transformer.beam5[0]!.text];

describe('a captioner whose artefact store does not answer for one mapper', () => {
  const hung = 'tenant-1/v1';
  let isHanging = true;
  let folder = '';
  let store: Server;
  let captioner: RunningCaptioner;

  beforeAll(async () => {
    store = createServer((request, response) => {
      const key = new URL(request.url!, 'http://store').pathname.replace('/artefacts/', '');
      if (isHanging && key.startsWith(hung)) return;
      stat(join(folder, key)).then(
        ({ size }) => createReadStream(join(folder, key)).pipe(response.writeHead(200, { 'content-length': size })),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
    captioner = await startCaptioner({
      ARTEFACT_STORE: 's3://artefacts',
      S3_ENDPOINT: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'anyone',
      AWS_SECRET_ACCESS_KEY: 'anything',
      MAPPER_PULL_TIMEOUT_MS: '4000',
    });
    folder = captioner.artefacts;
  });
  afterAll(async () => {
    await captioner.close();
    store.closeAllConnections();
    store.close();
  });

  it('captions the other items meanwhile, and tells that one to try again', async () => {
    const own = await putMapperArtefact(folder, 'tenant-2/v1', 'models/demo/mapper-transformer');
    const other = await putMapperArtefact(folder, hung, 'models/demo/mapper');
    let isAnswered = false;
    const items = [item('base'), item('hung', other), item('own', own), item('hung too', other)];
    const call = captioner.client.caption({ baseModel: 'demo', items }, CALL).finally(() => (isAnswered = true));
    await waitFor('the others to be worked on', async () => (await batchedItems(captioner)) === 2, { everyMs: 5 });
    expect(isAnswered).toBe(false);
    const { results } = await call;
    expect(texts(results)).toEqual([ofBase, undefined, ofTransformer, undefined]);
    for (const { status } of [results[1]!, results[3]!]) {
      expect(status).toMatchObject({ code: 'store_unavailable', isRetryable: true });
      expect(status.message).toContain('did not come within 4000 ms');
    }
    isHanging = false;
    const again = await waitFor('the store to answer again', async () => {
      const answer = await captioner.client.caption({ baseModel: 'demo', items }, CALL);
      return answer.results.every(({ status }) => status.code === 'ok') && answer.results;
    });
    expect(texts(again)).toEqual([ofBase, ofBase, ofTransformer, ofBase]);
  });
});

describe('a captioner with disk room for one mapper', () => {
  it('uses several in one call all the same, and keeps one', async () => {
    const captioner = await startCaptioner({ MAPPER_CACHE_DISK_BYTES: '1', MAPPER_CACHE_ENTRIES: '1' });
    try {
      const { artefacts, mapperCache, client } = captioner;
      const mlp = await putMapperArtefact(artefacts, 'mlp', 'models/demo/mapper');
      const transformer = await putMapperArtefact(artefacts, 'transformer', 'models/demo/mapper-transformer');
      for (let round = 0; round < 3; round++) {
        const items = [item('1', mlp), item('2', transformer), item('3', mlp), item('4')];
        const { results } = await client.caption({ baseModel: 'demo', items }, CALL);
        expect(texts(results)).toEqual([ofBase, ofTransformer, ofBase, ofBase]);
        await waitFor('the other to be removed', async () => (await readdir(mapperCache)).length === 1);
      }
    } finally {
      await captioner.close();
    }
  });
});

async function batchedItems({ metricsUrl }: RunningCaptioner): Promise<number> {
  const body = await (await fetch(`${metricsUrl}/metrics`)).text();
  return Number(/^housestyle_captioner_item_seconds_count\S* (\d+)/m.exec(body)?.[1] ?? 0);
}
