import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';
import { allOnce, landed, takeAccount, terminal } from './account.js';
import { captionDirectly, type BareRun } from './bare-captioner.js';
import { startFleet, type Fleet } from './fleet.js';
import { createLibrary, type Library } from './library.js';

const PICTURES = 1000;
const ALL_ONCE = allOnce(PICTURES);
const patience = { timeoutMs: 150_000, everyMs: 20 };

describeWith([requirements.kafka()], '1,000 uploads of 10 tenants, 6 partitions, 2 pipelines, 1 captioner', () => {
  const brokers = inject('kafkaBrokers');
  let library: Library;
  let fleet: Fleet;
  let bare: BareRun;

  beforeAll(async () => {
    library = await createLibrary(brokers, { tenants: 10, pictures: PICTURES });
    fleet = await startFleet(library, brokers, { pipelines: 2, leaseMs: 5_000 });
    const files = library.pictures.map(({ assetId }) => assetId);
    await captionDirectly(fleet.client, files.slice(0, 100)); // warm-up
    bare = await captionDirectly(fleet.client, files);
  });

  afterAll(async () => {
    await fleet?.stop();
    await library?.database.drop();
  });

  it('become 1,000 suggestions, each the caption of its own picture', async () => {
    const begun = performance.now();
    await library.publish();
    await waitFor('all to land', async () => (await landed(library)) === PICTURES, patience);
    const landedAfter = (performance.now() - begun) / 1000;
    await waitFor('all to be captioned', async () => (await terminal(library)) === PICTURES, patience);
    const captionsPerSecond = PICTURES / ((performance.now() - begun) / 1000);

    expect(await takeAccount(library, bare.captions)).toEqual(ALL_ONCE);
    console.table({
      'events landed per second': Math.round(PICTURES / landedAfter),
      'captions per second, event to row': Math.round(captionsPerSecond),
      'captions per second, captioner alone': Math.round(bare.captionsPerSecond),
      ratio: (captionsPerSecond / bare.captionsPerSecond).toFixed(2),
    });
  });

  it('change nothing when the same 1,000 events come again', async () => {
    const before = await fingerprint(library);
    await library.publish();
    await waitFor('the repeats to be consumed', async () => (await library.lag()) === 0, patience);
    expect(await fingerprint(library)).toEqual(before);
    expect(await takeAccount(library, bare.captions)).toEqual(ALL_ONCE);
  });
});

/** Every row of every table an upload touches, as one hash each. */
function fingerprint({ database }: Library): Promise<unknown[]> {
  return database.query(`
    SELECT
      (SELECT md5(string_agg(a::text, '' ORDER BY id)) FROM asset a) AS assets,
      (SELECT md5(string_agg(s::text, '' ORDER BY id)) FROM suggestion s) AS suggestions,
      (SELECT count(*) FROM outbox) AS outbox`);
}
