// An adaptation that takes a while and learns nothing: steps of FAKE_STEP_MS, a checkpoint every fifth, and an outcome
// that follows from the input and from every step, so that a run that was taken up is seen to end as one that was not.
// It stays at its half until the file FAKE_GATE is there.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { serveAdaptation } from '@housestyle/trainer';

const steps = Number(process.env['FAKE_STEPS'] ?? 40);
const stepMs = Number(process.env['FAKE_STEP_MS'] ?? 25);
const gate = process.env['FAKE_GATE'];
const decision = process.env['FAKE_DECISION'] ?? 'promote';

serveAdaptation(() => async (input, { onProgress, signal, checkpoint }) => {
  if (decision === 'throw') throw new Error('the recipe does not work');
  if (decision === 'crash') process.exit(7);
  const saved = await checkpoint.load('steps');
  let { step, sum } = saved ?? { step: 0, sum: input.seed % 997 };
  const words = input.training.map(({ text }) => text.length);
  while (step < steps) {
    await delay(stepMs, undefined, { signal });
    step += 1;
    sum = (sum * 31 + words[step % words.length]) % 1_000_003;
    onProgress({ step, steps, loss: 5 / step, stage: 'pretending' });
    if (step % 5 === 0) await checkpoint.save('steps', { step, sum });
    while (gate && step === Math.ceil(steps / 2) && !existsSync(gate)) await delay(stepMs, undefined, { signal });
  }
  const side = { editDistance: 0.5, cider: 1, exactMatch: 0, contentShare: 1, distinctRatio: 1, meanLength: 8 };
  const figures = { nHoldOut: input.holdOut.length, champion: side, candidate: { ...side, editDistance: 0.1 } };
  return {
    decision,
    reason: `pretended ${decision}`,
    figures: { ...figures, sum, takenUpAt: saved?.step ?? 0, hasChampion: input.champion !== undefined },
    curve: [{ step: 1, loss: 5 }],
    examples: input.holdOut.slice(0, 1).map(({ id, text }) => ({ id, reference: text, before: 'a', after: 'b' })),
    ...(decision === 'promote' && { candidate: candidateOf(sum) }),
    trainableParameters: 4,
    seconds: 1,
  };
});

/** A delta that fits the demo's decoder and changes next to nothing. */
function candidateOf(value) {
  const width = 96;
  const tensor = (dims) => ({ type: 'float32', dims, data: new Float32Array(dims[0] * dims[1]).fill(value * 1e-12) });
  const name = 'transformer.h.0.attn.c_attn';
  return {
    config: { mapping_type: 'mlp', prefix_length: 10 },
    decoderDelta: new Map([
      [`${name}.A`, tensor([width, 1])],
      [`${name}.B`, tensor([1, 3 * width])],
    ]),
  };
}
