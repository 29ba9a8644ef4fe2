import { OnnxGraphRunner } from '@housestyle/runtime';
import { initialParameters, OnnxTrainingEngine, Random, tokenWeight } from '@housestyle/training';
import { expect, it } from 'vitest';
import { demoModel, describeReferenceRuns, joined, referenceExamples } from './training-reference.js';

describeReferenceRuns(() => new OnnxTrainingEngine(new OnnxGraphRunner({ threads: 1 })));

it('gives a large gradient in parts of whole rows', async () => {
  const model = await demoModel('mlp');
  const parameters = initialParameters(model, { mapper: 'full', decoder: 'frozen' }, new Random(0));
  const examples = referenceExamples();
  const gradientsWith = async (largestPart?: number) => {
    const engine = new OnnxTrainingEngine(new OnnxGraphRunner({ threads: 1 }), { ...(largestPart && { largestPart }) });
    const session = await engine.compile(model, parameters);
    const { gradients } = await session.step(examples, { normalizer: tokenWeight(examples), dropoutSeed: 0 });
    await session.release();
    return gradients;
  };
  const whole = await gradientsWith();
  // some rows a part; the biases too; rows longer than a part
  for (const largestPart of [5_000, 100]) {
    const inParts = await gradientsWith(largestPart);
    for (const [name, { dims }] of parameters) {
      const [rows = 1, ...row] = dims;
      const rowSize = row.reduce((product, size) => product * size, 1);
      const expected = Math.min(rows, Math.max(1, Math.floor(largestPart / rowSize))) * rowSize;
      expect(inParts.get(name)!.map((part) => part.length)[0], name).toBe(expected);
      expect(whole.get(name)).toEqual([joined(inParts.get(name)!)]);
    }
    expect([...inParts.values()].some((parts) => parts.length > 2)).toBe(true);
  }
});
