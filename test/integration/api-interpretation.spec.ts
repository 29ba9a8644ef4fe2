import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBaseModel } from '@housestyle/checkpoints';
import { Gpt2Tokenizer } from '@housestyle/clipcap';
import type { Interpretation } from '@housestyle/contracts';
import { ErasureRepository } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOLDENS_FOLDER } from '../parity/reference.js';
import { DEMO_MODEL, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { captionGolden, registerOwnWords } from '../support/interpretable.js';
import { problemOf, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';

const { mlp: golden } = JSON.parse(readFileSync(join(GOLDENS_FOLDER, 'interpretation.json'), 'utf8')) as {
  mlp: readonly {
    readonly ids: readonly (readonly number[])[];
    readonly cosines: readonly (readonly number[])[];
    readonly norms: readonly number[];
  }[];
};

describe('what a suggestion’s mapper told the decoder', () => {
  let captioner: RunningCaptioner;
  let api: TestApi;
  let caller: TestCaller;
  let tokenizer: Gpt2Tokenizer;

  beforeAll(async () => {
    captioner = await startCaptioner();
    api = await startTestApi({ CAPTIONER_ADDRESS: captioner.address });
    caller = await api.caller();
    tokenizer = new Gpt2Tokenizer((await openBaseModel(DEMO_MODEL)).gpt2.tokenizer);
  });
  afterAll(async () => {
    await api.stop();
    await captioner.close();
  });

  const interpretationOf = (id: string, query = '', by = caller) =>
    by.get<Interpretation>(`/v1/suggestions/${id}/interpretation${query}`);

  it('is read from the stored embedding, by the base’s own mapper', async () => {
    const id = await captionGolden(api.test, caller.tenant, 2);
    const { mapper, positions } = await interpretationOf(id, '?words=3');
    expect(mapper).toEqual({ id: 'base', name: 'demo' });
    const expected = golden[2]!;
    expect(positions.map(({ words }) => words.map(({ text }) => text))).toEqual(
      expected.ids.map((ids) => ids.slice(0, 3).map((tokenId) => tokenizer.decode([tokenId]))),
    );
    positions.forEach(({ norm, words }, position) => {
      expect(norm).toBeCloseTo(expected.norms[position]!, 3);
      expect(words[0]!.cosine).toBeCloseTo(expected.cosines[position]![0]!, 5);
    });
    const byDefault = await interpretationOf(id);
    expect(byDefault.positions.map(({ words }) => words.length)).toEqual(positions.map(() => 5));
  });

  it('is said in the words of the tenant’s own mapper version, whatever is champion now', async () => {
    const mapperId = await registerOwnWords(api.test, caller.tenant, captioner.artefacts, 5);
    const [base, own] = await Promise.all(
      [
        await captionGolden(api.test, caller.tenant, 4),
        await captionGolden(api.test, caller.tenant, 4, { mapperId }),
      ].map((id) => interpretationOf(id)),
    );
    expect(own!.mapper).toEqual({ id: mapperId, name: 'own words 5' });
    expect(own!.positions.map(({ norm }) => norm)).toEqual(base!.positions.map(({ norm }) => norm));
    expect(own!.positions).not.toEqual(base!.positions);
  });

  it('is nobody else’s business', async () => {
    const stranger = await api.caller('Another tenant');
    const id = await captionGolden(api.test, caller.tenant, 0);
    const route = `/v1/suggestions/${id}/interpretation`;
    expect(await problemOf(await stranger.fetch(route))).toMatchObject({ status: 404, code: 'not_found' });
    expect((await fetch(api.url + route)).status).toBe(401);
    await interpretationOf(id);
  });

  it('is gone with an erased caption, and never was for an id that is none', async () => {
    const id = await captionGolden(api.test, caller.tenant, 1);
    await new ErasureRepository(api.test.database).erase(caller.tenant, { suggestionId: id });
    for (const missing of [id, '00000000-0000-4000-8000-000000000000']) {
      const answer = await caller.fetch(`/v1/suggestions/${missing}/interpretation`);
      expect(await problemOf(answer)).toMatchObject({ status: 404, code: 'not_found' });
    }
    const noId = await caller.fetch('/v1/suggestions/none/interpretation');
    expect(await problemOf(noId)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it.each(['0', '51', 'many'])('refuses %s words', async (words) => {
    const id = await captionGolden(api.test, caller.tenant, 3);
    const answer = await caller.fetch(`/v1/suggestions/${id}/interpretation?words=${words}`);
    expect(await problemOf(answer)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('cannot be read by another base model of the same name', async () => {
    const id = await captionGolden(api.test, caller.tenant, 3, { baseSha256: 'ab'.repeat(32) });
    const answer = await caller.fetch(`/v1/suggestions/${id}/interpretation`);
    expect(await problemOf(answer)).toMatchObject({ status: 409, code: 'conflict' });
  });

  it('cannot be read while the captioner is away, and the rest of the api goes on', async () => {
    const alone = await startTestApi({ CAPTIONER_ADDRESS: '127.0.0.1:1' });
    try {
      const tenant = await alone.caller();
      const id = await captionGolden(alone.test, tenant.tenant, 3);
      const answer = await tenant.fetch(`/v1/suggestions/${id}/interpretation`);
      expect(await problemOf(answer)).toMatchObject({ status: 503, code: 'captioner_unavailable' });
      expect((await tenant.fetch(`/v1/suggestions/${id}`)).status).toBe(200);
      expect((await fetch(`${alone.url}/readyz`)).status).toBe(200);
    } finally {
      await alone.stop();
    }
  });
});
