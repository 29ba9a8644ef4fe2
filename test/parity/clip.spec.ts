import {
  buildClipVision,
  ClipImageEncoder,
  ClipTextEncoder,
  cosineSimilarity,
  parseClipConfig,
  parseClipPreprocessing,
  type BaseModelFiles,
} from '@housestyle/clipcap';
import { fetched, uint8 } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { maxError, recordParity, relativeError } from './record-parity.js';
import { demoBase, NUM_PICTURES, reference, referencePictures, referenceRow, referenceTexts } from './reference.js';

const runner = new OnnxGraphRunner({ threads: 1 });
const pictures = referencePictures();
const texts = referenceTexts().texts;
let base: BaseModelFiles;
let images: ClipImageEncoder;

beforeAll(async () => {
  base = await demoBase();
  images = await ClipImageEncoder.load(base.clip, runner);
});

describe('image tower', () => {
  it('turns bytes into the reference’s pixel values and hidden states', async () => {
    const config = parseClipConfig(base.clip.config);
    const preprocessing = parseClipPreprocessing(base.clip.preprocessor, config.vision.imageSize);
    const session = await runner.load(buildClipVision(config, preprocessing, base.clip.weights, { isTraced: true }));
    const { imageSize: n, numLayers } = config.vision;
    const pixels = uint8(Buffer.concat(pictures), [NUM_PICTURES, n, n, 3]);
    const outputs = await session.run({ pixels });
    recordParity(
      'pixel_values, max',
      maxError(fetched(outputs, 'pixel_values', 'float32').data, reference('pixel_values')),
      1e-6,
    );
    for (let layer = 0; layer <= numLayers; layer++) {
      const all = fetched(outputs, `hidden_states.${layer}`, 'float32').data;
      const first = all.subarray(0, all.length / NUM_PICTURES);
      const expected = reference(`vision_hidden_${layer}_picture0`);
      recordParity(`hidden_states.${layer} of picture 0, relative`, relativeError(first, expected), 1e-5);
    }
    await session.release();
  });

  it('gives the reference’s image embeddings', async () => {
    const embeddings = await images.embed(pictures);
    const errors = embeddings.map((embedding, n) => relativeError(embedding, referenceRow('image_embeds', n)));
    errors.forEach((error, n) => recordParity(`image_embeds ${n}, relative`, error, 1e-5));
  });

  it('gives a picture the same embedding whatever the batch it travels in', async () => {
    const together = await images.embed(pictures);
    for (const size of [1, 3, 8]) {
      const errors: number[] = [];
      for (let from = 0; from < NUM_PICTURES; from += size) {
        const batch = await images.embed(pictures.slice(from, from + size));
        errors.push(...batch.map((embedding, n) => relativeError(embedding, together[from + n]!)));
      }
      recordParity(`image_embeds in batches of ${size} against 8, relative`, Math.max(...errors), 1e-6);
    }
  });

  it('refuses a picture of another size', async () => {
    await expect(images.embed([new Uint8Array(64 * 64)])).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('text tower', () => {
  it('gives the reference’s text embeddings and similarities, texts of different lengths in one batch', async () => {
    const encoder = await ClipTextEncoder.load(base.clip, runner);
    const ids = texts.map((text) => text.clip_ids);
    const embeddings = await encoder.embed(ids);
    const alone = await Promise.all(ids.map((text) => encoder.embed([text])));
    embeddings.forEach((embedding, n) => {
      recordParity(`text_embeds ${n}, relative`, relativeError(embedding, reference(`text_embeds_${n}`)), 1e-5);
    });
    const padding = embeddings.map((embedding, n) => relativeError(alone[n]![0]!, embedding));
    recordParity('text_embeds alone against padded in a batch, relative', Math.max(...padding), 1e-6);
    const seen = await images.embed(pictures);
    const logits = seen.flatMap((image) =>
      embeddings.map((text) => encoder.logitScale * cosineSimilarity(image, text)),
    );
    recordParity('similarity_logits, max', maxError(logits, reference('similarity_logits')), 1e-4);
    await encoder.release();
  });
});
