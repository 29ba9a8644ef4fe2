import type { CaptionRequest, CaptionResponse } from '@housestyle/contracts/captioner';
import { DEFAULT_GENERATION, DomainError, tenantId, type ErrorCode } from '@housestyle/domain';
import { createLogger } from '@housestyle/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineMetrics } from '../pipeline-metrics.js';
import { CaptionStage } from './caption-stage.js';
import type { OutcomeService } from './outcome.service.js';
import type { PreparedItem } from './work-item.js';

const TENANT = tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10');

const OTHER_TENANT = tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a11');

const item = (id: string, base = 'demo', tenant = TENANT): PreparedItem => ({
  lease: {
    tenantId: tenant,
    assetRowId: id,
    leaseToken: id,
    attempts: 1,
    isExhausted: false,
    baseModel: base,
  },
  task: { tenantId: tenant, assetRowId: id, assetId: id, version: '1', uri: 'file:///a', embeddings: [] },
  base: { name: base, version: '1', sha256: base, imageSize: 1, embeddingSize: 1 },
  picture: {
    pixels: new Uint8Array(3),
    preview: { bytes: Buffer.alloc(1), contentType: 'image/webp', width: 1, height: 1 },
    width: 1,
    height: 1,
  },
});

const answer = (request: CaptionRequest): CaptionResponse => ({
  baseModel: 'demo',
  baseModelSha256: 'b',
  results: request.items.map(({ id }) => ({
    id,
    status: { code: 'ok', message: '', isRetryable: false },
    mapperId: 'base',
    embedding: null,
    hypotheses: [],
  })),
});

const DEADLINE_MS = 1_000;

/** A stage whose captioner answers as `respond` says; what it asked, and what became of each picture. `onTheWay`: others. */
function stageOver(respond: (ids: string[]) => ErrorCode | undefined | Promise<ErrorCode | undefined>, onTheWay = 1) {
  const calls: string[][] = [];
  const outcomes = new Map<string, string>();
  const captioner = {
    caption: async (request: CaptionRequest): Promise<CaptionResponse> => {
      const ids = request.items.map(({ id }) => id);
      calls.push(ids);
      const code = await respond(ids);
      if (code) throw new DomainError(code, 'as arranged');
      return answer(request);
    },
  };
  const recorder: Pick<OutcomeService, 'record' | 'fail'> = {
    record: async (items) => items.forEach(({ lease }) => outcomes.set(lease.assetRowId, 'captioned')),
    fail: async ({ assetRowId }, { code }) => void outcomes.set(assetRowId, code),
  };
  const options = { maxBatch: 4, maxCalls: 2, maxDelayMs: 20, deadlineMs: DEADLINE_MS, generation: DEFAULT_GENERATION };
  const logger = createLogger('spec', 'silent');
  const held = { arrive: () => undefined, onTheWay };
  const stage = new CaptionStage(captioner, recorder as OutcomeService, held, options, new PipelineMetrics(), logger);
  return { stage, calls, outcomes };
}

describe('CaptionStage', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('fills a call, and does not keep a lone picture waiting for long', async () => {
    const { stage, calls } = stageOver(() => undefined);
    for (const id of ['a', 'b', 'c', 'd', 'e']) stage.add(item(id));
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual([['a', 'b', 'c', 'd']]);
    await vi.advanceTimersByTimeAsync(25);
    expect(calls).toEqual([['a', 'b', 'c', 'd'], ['e']]);
  });

  it('does not keep a picture waiting for nobody', async () => {
    const { stage, calls } = stageOver(() => undefined, 0);
    stage.add(item('alone'));
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual([['alone']]);
  });

  it('asks a slow captioner for no more than it answers in time', async () => {
    const [msPerPicture, begun] = [150, Date.now()];
    let isFreeAt = begun;
    const { stage, calls, outcomes } = stageOver(async (ids) => {
      const asked = Date.now();
      isFreeAt = Math.max(isFreeAt, asked) + msPerPicture * ids.length;
      const waitMs = isFreeAt - asked;
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, DEADLINE_MS)));
      return waitMs > DEADLINE_MS ? 'deadline_exceeded' : undefined;
    });
    for (let n = 0; n < 40; n++) stage.add(item(`${n}`));
    await vi.advanceTimersByTimeAsync(42 * msPerPicture);
    expect([...outcomes.values()].filter((outcome) => outcome === 'captioned')).toHaveLength(40);
    expect(calls.flat()).toHaveLength(40); // none was asked for twice
  });

  it('gives a tenant that comes later a place in the next call, however many of another wait', async () => {
    const { stage, calls } = stageOver(() => new Promise((resolve) => setTimeout(() => resolve(undefined), 100)));
    for (let index = 0; index < 40; index++) stage.add(item(`many ${index}`));
    await vi.advanceTimersByTimeAsync(10);
    const before = calls.length;
    const next = 4 * before;
    for (const id of ['few 0', 'few 1']) stage.add(item(id, 'demo', OTHER_TENANT));
    await vi.advanceTimersByTimeAsync(100);
    expect(calls[before]).toEqual([`many ${next}`, 'few 0', `many ${next + 1}`, 'few 1']);
  });

  it('traces a call that fails to the picture that makes it fail', async () => {
    const { stage, outcomes } = stageOver((ids) => (ids.includes('c') ? 'invalid_request' : undefined));
    for (const id of ['a', 'b', 'c', 'd']) stage.add(item(id));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Object.fromEntries(outcomes)).toEqual({
      a: 'captioned',
      b: 'captioned',
      c: 'invalid_request',
      d: 'captioned',
    });
  });

  it('waits for a captioner that is away, and charges nobody', async () => {
    let isAway = true;
    const { stage, calls, outcomes } = stageOver(() => (isAway ? 'captioner_unavailable' : undefined));
    for (const id of ['a', 'b', 'c', 'd']) stage.add(item(id));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(outcomes.size).toBe(0);
    expect(calls.length).toBeLessThan(40);
    isAway = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect([...outcomes.values()]).toEqual(['captioned', 'captioned', 'captioned', 'captioned']);
  });

  it('does not let a picture that brings the captioner down go round for ever', async () => {
    const { stage, outcomes } = stageOver((ids) => (ids.includes('poison') ? 'captioner_unavailable' : undefined));
    stage.add(item('poison'));
    for (let index = 0; index < 40; index++) {
      stage.add(item(`good ${index}`));
      await vi.advanceTimersByTimeAsync(2_000);
    }
    await vi.advanceTimersByTimeAsync(30_000);
    expect(outcomes.get('poison')).toBe('captioner_unavailable');
    expect([...outcomes.values()].filter((outcome) => outcome === 'captioned')).toHaveLength(40);
  });

  it('goes on with other base models while one is not loaded, and charges nobody for it', async () => {
    let isLoaded = false;
    const { stage, calls, outcomes } = stageOver((ids) =>
      ids[0]!.startsWith('slow') && !isLoaded ? 'model_unavailable' : undefined,
    );
    for (let n = 0; n < 12; n++) stage.add(item(`slow ${n}`, 'other'));
    for (let n = 0; n < 12; n++) {
      stage.add(item(`quick ${n}`));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(outcomes.size).toBe(12);
    expect([...outcomes.keys()].every((id) => id.startsWith('quick'))).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outcomes.size).toBe(12);
    expect(calls.filter(([id]) => id!.startsWith('slow')).length).toBeLessThan(20);
    isLoaded = true;
    await vi.advanceTimersByTimeAsync(15_000);
    expect([...outcomes.values()].filter((outcome) => outcome === 'captioned')).toHaveLength(24);
  });

  it('waits for a base model that some captioners do not serve, whatever others answer meanwhile', async () => {
    let calls = 0;
    let isServed = false;
    // of two captioners in turn, one is older
    const { stage, outcomes } = stageOver((ids) =>
      ids[0]!.startsWith('new') && !isServed && calls++ % 2 === 0 ? 'model_not_found' : undefined,
    );
    for (let n = 0; n < 12; n++) {
      stage.add(item(`new ${n}`, 'other'));
      stage.add(item(`quick ${n}`));
      await vi.advanceTimersByTimeAsync(700);
    }
    expect([...outcomes.keys()].filter((id) => id.startsWith('quick'))).toHaveLength(12);
    isServed = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect([...outcomes.values()].filter((outcome) => outcome === 'captioned')).toHaveLength(24);
  });

  it('tells for how long a captioner has kept pictures waiting', async () => {
    let isAway = true;
    const { stage } = stageOver(() => (isAway ? 'captioner_unavailable' : undefined));
    expect(stage.failingForMs).toBe(0);
    stage.add(item('a'));
    await vi.advanceTimersByTimeAsync(70_000);
    expect(stage.failingForMs).toBeGreaterThan(60_000);
    isAway = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stage.failingForMs).toBe(0);
  });

  it('leaves a call for other base models while one is being loaded', async () => {
    let load = (): void => undefined;
    const loading = new Promise<undefined>((resolve) => (load = () => resolve(undefined)));
    const { stage, outcomes } = stageOver((ids) => (ids[0]!.startsWith('slow') ? loading : undefined));
    for (let n = 0; n < 12; n++) stage.add(item(`slow ${n}`, 'other'));
    stage.add(item('quick'));
    await vi.advanceTimersByTimeAsync(500);
    expect([...outcomes.keys()]).toEqual(['quick']);
    load();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outcomes.size).toBe(13);
  });
});
