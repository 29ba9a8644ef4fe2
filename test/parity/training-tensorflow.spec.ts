import { readWeight, type Tensor, type WeightSource, MemoryWeights } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import {
  initialParameters,
  OnnxTrainingEngine,
  Random,
  tokenWeight,
  type CaptionExample,
  type CompileOptions,
  type TrainedParts,
  type TrainingModel,
} from '@housestyle/training';
import { expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { openTensorFlowEngine, tensorflow } from '../support/tensorflow.js';
import { recordParity, relativeError } from './record-parity.js';
import { demoModel, describeReferenceRuns, joined } from './training-reference.js';

describeWith([tensorflow()], 'the TensorFlow.js engine', () => {
  describeReferenceRuns(openTensorFlowEngine);

  it('agrees with the onnx engine on deltas of mapper and decoder, beside deltas that are held', async () => {
    const model = await demoModel('mlp');
    const deltas = deltasUnderWay(model, { mapper: 'frozen', decoder: { rank: 4 } });
    const held = deltas.names().filter((name) => name.includes('.attn.'));
    const parts: TrainedParts = { mapper: { rank: 3 }, decoder: 'frozen' };
    await expectAgreement('mlp delta, decoder delta held', { ...model, deltas }, parts, {});
    const others = new MemoryWeights('held', new Map(held.map((name) => [name, deltas.find(name)!])));
    const trained: TrainedParts = { mapper: 'frozen', decoder: { rank: 2 } };
    await expectAgreement('decoder delta', { ...model, deltas: others }, trained, {});
  });

  it('agrees with the onnx engine on all of GPT-2 tuned behind the transformer, with dropout', async () => {
    const dropout = { embedding: 0.1, attention: 0.2, residual: 0.3 };
    await expectAgreement('transformer, GPT-2, dropout', await demoModel('transformer'), EVERYTHING, { dropout });
  });

  it('agrees with the onnx engine on a normalised linear mapper, a head of its own and exact GELU', async () => {
    await expectAgreement('linear, own head, gelu', linearModel(await demoModel('mlp')), EVERYTHING, {
      dropout: { embedding: 0, attention: 0.1, residual: 0 },
    });
  });

  it('agrees with the onnx engine on a delta of the word table, trained or held, beside a head of its own too', async () => {
    const model = await demoModel('mlp');
    const parts: TrainedParts = { mapper: 'frozen', decoder: { rank: 2, wordRank: 3 } };
    await expectAgreement('words', model, parts, {});
    await expectAgreement('words, own head', linearModel(model), parts, {});
    const words = mixedExamples().map(({ embedding, tokens, weight }) => ({ embedding, tokens: [tokens[0]!], weight }));
    await expectAgreement('words, one each', model, parts, {}, words);
    const deltas = deltasUnderWay(model, parts);
    await expectAgreement('words held', { ...model, deltas }, { mapper: { rank: 3 }, decoder: 'frozen' }, {});
    await expectAgreement('words held, table trained', { ...model, deltas }, EVERYTHING, {});
  });

  it('agrees with the onnx engine on captions of one word', async () => {
    const model = await demoModel('mlp');
    const words = mixedExamples().map(({ embedding, tokens, weight }) => ({ embedding, tokens: [tokens[0]!], weight }));
    await expectAgreement('one word each', model, { mapper: 'full', decoder: 'frozen' }, {}, words);
  });
});

const EVERYTHING: TrainedParts = { mapper: 'full', decoder: 'full' };

async function expectAgreement(
  name: string,
  model: TrainingModel,
  parts: TrainedParts,
  options: CompileOptions,
  examples: readonly CaptionExample[] = mixedExamples(),
) {
  const parameters = initialParameters(model, parts, new Random(1), deltasUnderWay(model, parts));
  const normalizer = tokenWeight(examples);
  const engines = [new OnnxTrainingEngine(new OnnxGraphRunner({ threads: 1 })), openTensorFlowEngine()];
  const found = [];
  for (const engine of engines) {
    const session = await engine.compile(model, parameters, options);
    const step = await session.step(examples, { normalizer, dropoutSeed: 5 });
    found.push({ ...step, undropped: await session.loss(examples, normalizer) });
    await session.release();
  }
  const [onnx, own] = found as [(typeof found)[0], (typeof found)[0]];
  const errors = [...onnx.gradients].map(([key, gradient]) =>
    relativeError(joined(own.gradients.get(key)!), joined(gradient)),
  );
  expect([...own.gradients.keys()]).toEqual([...parameters.keys()]);
  recordParity(`loss ${name}, from onnx, relative`, Math.abs(own.loss - onnx.loss) / onnx.loss, 1e-6);
  const apart = Math.abs(own.undropped - onnx.undropped) / onnx.undropped;
  recordParity(`loss alone ${name}, from onnx, relative`, apart, 1e-6);
  recordParity(`gradients ${name}, from onnx, worst of ${errors.length}, relative`, Math.max(...errors), 1e-5);
}

/** Captions of 1 to 14 tokens and unequal weights. */
function mixedExamples(): CaptionExample[] {
  const random = new Random(11);
  const caption = (length: number, weight: number): CaptionExample => ({
    embedding: Float32Array.from({ length: 128 }, () => 0.3 * random.normal()),
    tokens: Array.from({ length }, () => Math.floor(random.uniform() * 400)),
    weight,
  });
  const lengths = [1, 4, 14, 9, 2, 7];
  return lengths.map((length, n) => caption(length, 0.5 + n / 4));
}

/** Deltas of these parts as somewhere in training: both factors are random, none is zero. */
function deltasUnderWay(model: TrainingModel, parts: TrainedParts): MemoryWeights {
  const random = new Random(2);
  const tensors = [...initialParameters(model, parts, random)].flatMap(([name, tensor]): [string, Floats][] =>
    /\.[AB]$/.test(name) ? [[name, { ...tensor, data: tensor.data.map(() => 0.05 * random.normal()) }]] : [],
  );
  return new MemoryWeights('deltas under way', new Map(tensors));
}

/** A model that differs from the demo's where it can. */
function linearModel({ gpt2 }: TrainingModel): TrainingModel {
  const random = new Random(3);
  const floats = (...dims: readonly number[]): Floats => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return { type: 'float32', dims, data: Float32Array.from({ length: count }, () => 0.1 * random.normal()) };
  };
  const { width: C, vocabSize } = gpt2.config;
  const [d, K] = [128, 5];
  const weights = new Map([
    ['clip_project.weight', floats(K * C, d)],
    ['clip_project.bias', floats(K * C)],
  ]);
  return {
    mapper: {
      config: {
        mappingType: 'linear',
        prefixSize: d,
        prefixLength: K,
        decoderWidth: C,
        clipLength: 0,
        numLayers: 0,
        numHeads: 8,
        isPrefixNormalized: true,
      },
      weights: new MemoryWeights('linear', weights),
    },
    gpt2: {
      config: { ...gpt2.config, activation: 'gelu', isHeadTied: false },
      weights: withTensor(gpt2.weights, 'lm_head.weight', floats(vocabSize, C)),
    },
  };
}

function withTensor(source: WeightSource, added: string, tensor: Floats): WeightSource {
  const tensors = source.names().map((name): [string, Floats] => {
    const { dims } = source.find(name)!;
    return [name, { type: 'float32', dims, data: readWeight(source, name) }];
  });
  return new MemoryWeights(source.label, new Map([...tensors, [added, tensor]]));
}

type Floats = Tensor<'float32'>;
