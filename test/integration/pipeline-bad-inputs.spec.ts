import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import { AssetFailedSchema, EVENT_TYPES } from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startBadPictureServer, type BadPictureServer } from '../support/bad-picture-server.js';
import { demoPixels, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { publish, readTopic } from '../support/pipeline.js';
import { openPipelineWorld, type AssetRow, type PipelineWorld } from '../support/pipeline-world.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

const brokers = inject('kafkaBrokers');
const SAMPLES = Array.from({ length: 14 }, (_, index) => `samples/samples-${String(index).padStart(5, '0')}.png`);
const MAX_BYTES = 1_000_000;

type World = PipelineWorld & { readonly tenant: TenantId };
/** What their events say, by asset id. */
type BadInputs = Readonly<Record<string, { uri?: string; sha256?: string; tenantId?: string }>>;

describeWith([requirements.kafka()], 'twelve bad inputs among good ones', () => {
  let folder = '';
  let captioner: RunningCaptioner;
  let web: BadPictureServer;
  /** may not reach private addresses */
  let strict: World;
  /** may: the web server of this spec is on loopback */
  let lax: World;

  async function openWorld(isPrivateAllowed: boolean): Promise<World> {
    const environment = {
      FILE_ROOTS: `${folder},samples`,
      ALLOW_PRIVATE_ADDRESSES: String(isPrivateAllowed),
      FETCH_MAX_BYTES: String(MAX_BYTES),
    };
    const world = await openPipelineWorld({ captioner, folder, environment });
    return { ...world, tenant: await world.database.provision() };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-bad-inputs-'));
    [web, captioner] = await Promise.all([startBadPictureServer(), startCaptioner()]);
    [strict, lax] = await Promise.all([openWorld(false), openWorld(true)]);
  });

  afterAll(async () => {
    await Promise.all([strict?.close(), lax?.close()]);
    await captioner?.close();
    await web?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const file = async (name: string, bytes: Uint8Array | string): Promise<string> => {
    await writeFile(join(folder, name), bytes);
    return pathToFileURL(join(folder, name)).href;
  };

  /** The rows by asset id, once all `ids` have an end. */
  const outcomes = (world: PipelineWorld, ids: readonly string[]): Promise<Map<string, AssetRow>> =>
    waitFor('every asset to end', async () => {
      const rows = await world.rows();
      const ended = new Map(rows.filter(({ status }) => status !== 'received').map((row) => [row.asset_id, row]));
      return ids.every((id) => ended.has(id)) && ended;
    });

  async function captionsOf(files: readonly string[]): Promise<string[]> {
    const items = await Promise.all(files.map(async (id) => ({ id, pixels: { rgb: await demoPixels(id) } })));
    const { results } = await captioner.client.caption({ baseModel: 'demo', items }, { deadlineMs: 60_000 });
    return results.map(({ hypotheses }) => hypotheses[0]!.text);
  }

  /** Two frames: a sample picture, then black. */
  async function animatedGif(): Promise<string> {
    const { data, info } = await sharp(SAMPLES[12]).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const frames = Buffer.concat([data, Buffer.alloc(data.length)]);
    const raw = { width, height: height * 2, channels, pageHeight: height };
    const gif = await sharp(frames, { raw })
      .gif({ delay: [100, 100] })
      .toBuffer();
    expect((await sharp(gif, { animated: true }).metadata()).pages).toBe(2);
    return file('animated.gif', gif);
  }

  /** Only the signature, the header and an empty body: nothing that says 40,000 × 40,000 is ever allocated. */
  function hugePngHeader(): Buffer {
    const chunk = (type: string, data: string): Buffer => {
      const body = Buffer.concat([Buffer.from(type), Buffer.from(data, 'hex')]);
      const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(body.length - 4);
      checksum.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, checksum]);
    };
    const header = chunk('IHDR', '00009c4000009c400802000000');
    return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), header, chunk('IDAT', '')]);
  }

  it('each gets its code, the animated GIF its first frame’s caption, the good ones theirs', async () => {
    const sample = await readFile(SAMPLES[13]!);
    const jpeg = await sharp(sample).jpeg().toBuffer();
    const bad: BadInputs = {
      'truncated JPEG': { uri: await file('truncated.jpg', jpeg.subarray(0, jpeg.length / 2)) },
      'text named .jpg': { uri: await file('text.jpg', 'This is not a picture.') },
      'no bytes': { uri: await file('empty.png', '') },
      'huge PNG': { uri: await file('huge.png', hugePngHeader()) },
      'unknown tenant': { uri: await file('fine.png', sample), tenantId: randomUUID() },
      'no uri': {},
      'uri to loopback': { uri: web.url('') },
      'wrong sha256': { uri: await file('other.png', sample), sha256: createHash('sha256').update('x').digest('hex') },
      SVG: { uri: await file('drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>') },
      'animated GIF': { uri: await animatedGif() },
    };
    const badOnTheWeb: BadInputs = {
      'not there': { uri: web.url('nothing') },
      'endless body': { uri: web.url('endless') },
    };
    const good = SAMPLES.slice(0, 12);
    const goodEvents = (world: World) =>
      good.map((name) => world.uploadOf(world.tenant, name, { uri: pathToFileURL(name).href }));
    const badEvents = (world: World, inputs: BadInputs) =>
      Object.entries(inputs).map(([assetId, fields]) => world.uploadOf(world.tenant, assetId, fields));

    await publish(brokers, interleave(goodEvents(strict), badEvents(strict, bad)));
    await publish(brokers, interleave(goodEvents(lax), badEvents(lax, badOnTheWeb)));

    const landed = Object.keys(bad).filter((name) => name !== 'unknown tenant' && name !== 'no uri');
    const ofStrict = await outcomes(strict, [...good, ...landed]);
    const ofLax = await outcomes(lax, [...good, ...Object.keys(badOnTheWeb)]);
    const letters = await readTopic(brokers, `${strict.topic}.dlt`, (messages) => messages.length >= 2);

    const codes = Object.fromEntries([
      ...[...ofStrict, ...ofLax]
        .filter(([id]) => !good.includes(id))
        .map(([id, row]) => [id, row.error_code ?? row.status]),
      ...letters.map(({ key, headers }) => [String(key).split('/')[1], String(headers['housestyle-error-code'])]),
    ]) as Record<string, string>;
    expect(codes).toEqual({
      'truncated JPEG': 'corrupt_image',
      'text named .jpg': 'unsupported_format',
      'no bytes': 'empty_image',
      'huge PNG': 'too_many_pixels',
      'unknown tenant': 'unknown_tenant',
      'no uri': 'malformed_event',
      'uri to loopback': 'address_not_allowed',
      'wrong sha256': 'checksum_mismatch',
      SVG: 'unsupported_format',
      'animated GIF': 'captioned',
      'not there': 'source_not_found',
      'endless body': 'source_too_large',
    });
    expect(letters).toHaveLength(2);

    const expected = await captionsOf(good);
    for (const rows of [ofStrict, ofLax]) {
      expect(good.map((name) => rows.get(name)?.text)).toEqual(expected);
      expect([...rows.values()].filter(({ attempts }) => attempts !== 1)).toEqual([]);
    }
    const [firstFrame] = await captionsOf([join(folder, 'animated.gif')]);
    expect(ofStrict.get('animated GIF')?.text).toBe(firstFrame);
  });

  it('announces each failure once, with its code', async () => {
    const isOurs = (key: Buffer | null) => String(key).startsWith(strict.tenant);
    const messages = await readTopic(
      brokers,
      EVENT_TYPES.assetFailed,
      (seen) => seen.filter(({ key }) => isOurs(key)).length >= 7,
    );
    const failures = messages
      .filter(({ key }) => isOurs(key))
      .map(({ value }) => AssetFailedSchema.parse(JSON.parse(String(value))));
    expect(failures.map(({ code }) => code).sort()).toEqual([
      'address_not_allowed',
      'checksum_mismatch',
      'corrupt_image',
      'empty_image',
      'too_many_pixels',
      'unsupported_format',
      'unsupported_format',
    ]);
  });
});

/** Alternately, as far as both go. */
const interleave = <T>(a: readonly T[], b: readonly T[]): T[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, index) => [
    ...a.slice(index, index + 1),
    ...b.slice(index, index + 1),
  ]).flat();
