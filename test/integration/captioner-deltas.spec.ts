import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBaseModel, openMapperDirectory } from '@housestyle/checkpoints';
import { CaptionEngine, type CaptionOutput } from '@housestyle/clipcap';
import type { CaptionItem } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import { MemoryWeights } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referencePictures } from '../parity/reference.js';
import { DEMO_MODEL, putDeltaArtefact, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import {
  asWeights,
  decoderLayers,
  mapperLayers,
  randomDelta,
  wordLayer,
  type DeltaTensors,
} from '../support/random-delta.mjs';
import { waitFor } from '../support/wait-for.js';

const CALL = { deadlineMs: 60_000 };
const pixels = referencePictures();
const config = (stop: number) => ({ mapping_type: 'mlp', prefix_length: 10, generation: { stop: [stop] } });

describe('a captioner with tenants that own deltas', () => {
  let captioner: RunningCaptioner;
  let decoderDelta: DeltaTensors;
  let mapperDelta: DeltaTensors;
  let ofDecoder: MapperReference;
  let ofBoth: MapperReference;
  /** what an engine of one tenant alone says under each picture. */
  const expected: Record<'base' | 'decoder' | 'both', CaptionOutput[]> = { base: [], decoder: [], both: [] };

  beforeAll(async () => {
    const base = await openBaseModel(DEMO_MODEL);
    decoderDelta = randomDelta(decoderLayers(base.gpt2.weights), 8, 1, 0.3);
    mapperDelta = randomDelta(mapperLayers(base.mapper.weights), 4, 2, 0.05);
    captioner = await startCaptioner();
    const { artefacts } = captioner;
    ofDecoder = await putDeltaArtefact(artefacts, 'tenant-1/v1', { config: config(1023), decoderDelta });
    ofBoth = await putDeltaArtefact(artefacts, 'tenant-2/v1', { config: config(13), mapperDelta, decoderDelta });

    const engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }));
    const change = asWeights('decoder delta', decoderDelta);
    const handles = {
      base: engine.baseMapper,
      decoder: await engine.loadMapper({ config: config(1023), decoderDelta: change }, 'decoder'),
      both: await engine.loadMapper(
        { config: config(13), decoderDelta: change, mapperDelta: asWeights('mapper delta', mapperDelta) },
        'both',
      ),
    };
    for (const kind of ['base', 'decoder', 'both'] as const) {
      for (const picture of pixels) {
        expected[kind].push(...(await engine.caption([{ input: { pixels: picture }, mapper: handles[kind] }])));
      }
    }
    await engine.release();
  });
  afterAll(() => captioner.close());

  const items = (): (CaptionItem & { kind: 'base' | 'decoder' | 'both' })[] =>
    pixels.flatMap((rgb, n) => [
      { id: `${n} decoder`, kind: 'decoder' as const, pixels: { rgb }, mapper: ofDecoder },
      { id: `${n} base`, kind: 'base' as const, pixels: { rgb } },
      { id: `${n} both`, kind: 'both' as const, pixels: { rgb }, mapper: ofBoth },
    ]);

  it('captions a mixed call as each tenant alone, and says whose mapper it was', async () => {
    const { results } = await captioner.client.caption({ baseModel: 'demo', items: items() }, CALL);
    items().forEach(({ kind, mapper }, n) => {
      const { hypotheses } = expected[kind][Math.floor(n / 3)]!;
      expect(results[n]).toMatchObject({ mapperId: mapper?.id ?? 'base', status: { code: 'ok' } });
      expect(results[n]!.hypotheses.map(({ tokens, isStopped }) => ({ tokens, isStopped }))).toEqual(
        hypotheses.map(({ tokens, isStopped }) => ({ tokens, isStopped })),
      );
      results[n]!.hypotheses.forEach(({ score }, rank) => expect(score).toBeCloseTo(hypotheses[rank]!.score, 4));
    });
    const texts = (kind: string) =>
      results.filter((_, n) => items()[n]!.kind === kind).map(({ hypotheses }) => hypotheses[0]!.text);
    expect(texts('decoder')).not.toEqual(texts('base'));
    expect(texts('both')).not.toEqual(texts('decoder'));
  });

  it('gives each bad delta its own status and captions the others', async () => {
    const { artefacts } = captioner;
    const put = (key: string, delta: Parameters<typeof putDeltaArtefact>[2]) => putDeltaArtefact(artefacts, key, delta);
    const own = (stop: number) => ({ config: config(stop), decoderDelta });
    const damaged = await put('tenant-3/v1', own(3));
    const file = join(artefacts, damaged.key, 'decoder_delta.safetensors');
    const bytes = await readFile(file);
    bytes[bytes.length - 5]! ^= 4;
    await writeFile(file, bytes);
    const cut = await put('tenant-4/v1', own(4));
    await writeFile(join(artefacts, cut.key, 'decoder_delta.safetensors'), bytes.subarray(0, 5000));
    const misplaced = await put('tenant-5/v1', { config: config(5), decoderDelta: mapperDelta });
    const otherNetwork = await put('tenant-6/v1', { config: { mapping_type: 'transformer' }, mapperDelta });
    const mappers = [damaged, cut, misplaced, otherNetwork, ofDecoder];
    const { results } = await captioner.client.caption(
      { baseModel: 'demo', items: mappers.map((mapper, n) => ({ id: `${n}`, pixels: { rgb: pixels[0]! }, mapper })) },
      CALL,
    );
    expect(results.map(({ status }) => status.code)).toEqual([
      'corrupt_checkpoint',
      'corrupt_checkpoint',
      'mapper_mismatch',
      'mapper_mismatch',
      'ok',
    ]);
    expect(results.at(-1)!.hypotheses[0]!.tokens).toEqual(expected.decoder[0]!.hypotheses[0]!.tokens);
  });
});

describe('a captioner of two threads', () => {
  it('holds each delta once, for as long as there is room, and captions as one thread does', async () => {
    const base = await openBaseModel(DEMO_MODEL);
    const layers = decoderLayers(base.gpt2.weights);
    const [linear, other] = [1, 2].map((seed) => randomDelta(layers, 4, seed, 0.3));
    const words = randomDelta([...layers, wordLayer(base.gpt2.weights)], 4, 3, 0.3);
    const network = await openMapperDirectory('models/demo/mapper-transformer', base);
    const versions = [
      { config: config(13), decoderDelta: linear! },
      { config: config(13), decoderDelta: words },
      {
        config: { ...(network.config as object), generation: { stop: [13] } },
        tensors: MemoryWeights.of(network.weights!).tensors,
        decoderDelta: other!,
      },
    ];
    const sizes = versions.map(({ decoderDelta }) =>
      [...decoderDelta.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
    );
    const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const captioned = async (environment: Record<string, string>, held: readonly number[]) => {
      const captioner = await startCaptioner(environment);
      try {
        const references = await Promise.all(
          versions.map((version, n) => putDeltaArtefact(captioner.artefacts, `tenant-${n}/v1`, version)),
        );
        const items = references.flatMap((mapper) =>
          pixels.map((rgb, n) => ({ id: `${mapper.id} ${n}`, pixels: { rgb }, mapper })),
        );
        const { results } = await captioner.client.caption({ baseModel: 'demo', items }, CALL);
        await waitFor(`the bytes of these deltas`, async () => held.includes(await deltaBytes(captioner)));
        return results.map(({ hypotheses }) => hypotheses[0]!.tokens);
      } finally {
        await captioner.close();
      }
    };
    const alone = await captioned({ WORKERS: '1' }, [all]);
    expect(await captioned({ WORKERS: '2' }, [all])).toEqual(alone);
    // each thread holds the last one that it used
    const lastOnes = sizes.flatMap((one) => [
      one,
      ...sizes.filter((bytes) => bytes !== one).map((bytes) => one + bytes),
    ]);
    expect(await captioned({ WORKERS: '2', MAPPER_CACHE_ENTRIES: '1' }, [...lastOnes, 2 * sizes[0]!])).toEqual(alone);
  });
});

async function deltaBytes({ metricsUrl }: RunningCaptioner): Promise<number> {
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
  return Number(/^housestyle_captioner_delta_bytes(?:\{.*\})? (\d+)$/m.exec(metrics)![1]);
}

describe('a captioner with room for one delta', () => {
  it('mixes several in one call all the same, call after call', async () => {
    const captioner = await startCaptioner({ MAPPER_CACHE_BYTES: '120000' });
    try {
      const base = await openBaseModel(DEMO_MODEL);
      const references = await Promise.all(
        [1, 2, 3].map((seed) =>
          putDeltaArtefact(captioner.artefacts, `tenant-${seed}/v1`, {
            config: config(13),
            decoderDelta: randomDelta(decoderLayers(base.gpt2.weights), 4, seed, 0.3),
          }),
        ),
      );
      const items = references.flatMap((mapper) =>
        [0, 1].map((n) => ({ id: `${mapper.id} ${n}`, pixels: { rgb: pixels[n]! }, mapper })),
      );
      const first = await captioner.client.caption({ baseModel: 'demo', items }, CALL);
      const again = await captioner.client.caption({ baseModel: 'demo', items: items.toReversed() }, CALL);
      expect(first.results.every(({ status }) => status.code === 'ok')).toBe(true);
      const tokens = ({ hypotheses }: (typeof first.results)[number]) => hypotheses[0]!.tokens;
      expect(again.results.toReversed().map(tokens)).toEqual(first.results.map(tokens));
    } finally {
      await captioner.close();
    }
  });
});
