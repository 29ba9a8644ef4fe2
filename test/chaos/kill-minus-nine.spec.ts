import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';
import { allOnce, takeAccount, terminal } from './account.js';
import { captionDirectly } from './bare-captioner.js';
import { startFleet, type Fleet } from './fleet.js';
import { createLibrary, type Library } from './library.js';

const PICTURES = 1000;
const patience = { timeoutMs: 170_000, everyMs: 10 };

describeWith([requirements.kafka()], 'kill -9 in the middle of 1,000 uploads', () => {
  const brokers = inject('kafkaBrokers');
  let library: Library;
  let fleet: Fleet;

  beforeAll(async () => {
    library = await createLibrary(brokers, { tenants: 10, pictures: PICTURES });
    fleet = await startFleet(library, brokers, { pipelines: 2, leaseMs: 3_000 });
  });

  afterAll(async () => {
    await fleet?.stop();
    await library?.database.drop();
  });

  it('of a pipeline, then of the captioner: all are captioned, none twice, each its own', async () => {
    const isPast = (count: number) => async () => (await terminal(library)) >= count;
    await library.publish();

    await waitFor('a tenth to be captioned', isPast(PICTURES / 10), patience);
    await fleet.pipelines[0]!.kill();
    const pipelineIsBack = fleet.pipelines[0]!.restart();

    await waitFor('a fifth to be captioned', isPast(PICTURES / 5), patience);
    await fleet.captioner.kill();
    expect(await terminal(library), 'the kills came too late to matter').toBeLessThan(PICTURES);
    await Promise.all([pipelineIsBack, fleet.captioner.restart()]);

    await waitFor('all to be captioned', isPast(PICTURES), patience);
    const { captions } = await captionDirectly(
      fleet.client,
      library.pictures.map(({ assetId }) => assetId),
    );
    expect(await takeAccount(library, captions)).toEqual(allOnce(PICTURES));
  });
});
