import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  clipImageTower,
  clipTextTower,
  parseClipConfig,
  parseClipPreprocessing,
  pooledPosition,
  type ClipFiles,
} from '@housestyle/clipcap';
import { fetched, gradients, GraphBuilder, int64, op, uint8, type FloatValue } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { expect, it } from 'vitest';
import { recordParity } from './record-parity.js';
import { demoBase, GOLDENS_FOLDER, referencePictures, referenceTexts } from './reference.js';

const golden = JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'clip-training.json'), 'utf8')) as {
  loss: number;
  /** of every weight's gradient: its length, and its sum weighed by cos(i/10). */
  gradients: Record<string, [length: number, weighed: number]>;
};

it('CLIP’s contrastive loss has the reference’s gradient by every weight of both towers', async () => {
  const { clip } = await demoBase();
  const texts = referenceTexts().texts.map((text) => text.clip_ids);
  const [config, T] = [parseClipConfig(clip.config), Math.max(...texts.map((ids) => ids.length))];
  const n = config.vision.imageSize;
  const session = await new OnnxGraphRunner({ threads: 1 }).load(contrastiveGraph(clip, texts.length));
  const outputs = await session.run({
    pixels: uint8(Buffer.concat(referencePictures().slice(0, texts.length)), [texts.length, n, n, 3]),
    input_ids: int64(
      texts.flatMap((ids) => [...ids, ...Array<number>(T - ids.length).fill(0)]),
      [texts.length, T],
    ),
    pooled_rows: int64(texts.map((ids, row) => row * T + pooledPosition(ids, config.text.eosTokenId))),
    ...Object.fromEntries(weightsOf(clip).map(({ name, dims, data }) => [name, { type: 'float32', dims, data }])),
  });
  const loss = fetched(outputs, 'loss', 'float32').data[0]!;
  recordParity('contrastive loss, relative', Math.abs(loss - golden.loss) / golden.loss, 1e-6);

  // A key's bias moves no attention: its gradient is 0 but for rounding, and is held to the whole gradient's length.
  const whole = Math.hypot(...Object.values(golden.gradients).map(([length]) => length));
  const errors = weightsOf(clip).map(({ name }) => {
    const slope = fetched(outputs, `gradient.${name}`, 'float32').data;
    const [length, weighed] = golden.gradients[name]!;
    const found = [
      Math.sqrt(sumOf(slope, (value) => value ** 2)),
      sumOf(slope, (value, i) => value * Math.cos(i / 10)),
    ];
    const error = Math.max(Math.abs(found[0]! - length), Math.abs(found[1]! - weighed));
    return { name, error: error / (name.endsWith('k_proj.bias') ? whole : length) };
  });
  expect(errors).toHaveLength(Object.keys(golden.gradients).length);
  const [worst] = errors.sort((a, b) => b.error - a.error);
  recordParity(`gradients, worst of ${errors.length} (${worst!.name}), relative`, worst!.error, 1e-5);
  await session.release();
});

/** Both towers, the loss of telling `count` pairs apart both ways, and every weight's gradient. */
function contrastiveGraph(clip: ClipFiles, count: number) {
  const config = parseClipConfig(clip.config);
  const g = new GraphBuilder('contrastive');
  const weights = weightsOf(clip);
  const trained = weights.map(({ name, dims }) => g.parameter(name, dims));
  const m = { g, weights: clip.weights };
  const unit = (e: FloatValue) => op.div(g, e, op.reduceL2(g, e));
  const images = clipImageTower(
    m,
    config,
    parseClipPreprocessing(clip.preprocessor, config.vision.imageSize),
  ).embedding;
  const scale = op.exp(g, g.weight(clip.weights, 'logit_scale'));
  const logits = op.mul(
    g,
    scale,
    op.gemm(g, unit(images), unit(clipTextTower(m, config)), undefined, { transB: true }),
  );
  const pairs = g.constant<'int64'>(int64([...Array(count).keys()], [count, 1]));
  const ofPairs = (scores: FloatValue) => op.gatherElements(g, op.logSoftmax(g, scores), pairs);
  const bothWays = op.add(g, ofPairs(logits), ofPairs(op.transpose(g, logits, [1, 0])));
  const loss = op.mul(g, op.reduceSum(g, bothWays, undefined, false), g.float(-1 / (2 * count)));
  g.output('loss', loss, []);
  gradients(g, loss, trained).forEach((slope, i) => {
    const { name, dims } = weights[i]!;
    g.output(`gradient.${name}`, slope, dims);
  });
  return g.build();
}

const weightsOf = ({ weights }: ClipFiles) =>
  Object.keys(golden.gradients).map((name) => ({ name, dims: weights.find(name)!.dims, data: weights.read(name)! }));

const sumOf = (values: Float32Array, f: (value: number, i: number) => number): number =>
  values.reduce((sum, value, i) => sum + f(value, i), 0);
