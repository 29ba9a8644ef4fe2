import { ClipImageEncoder, ClipTextEncoder, openClip } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { clipVariant, clipVariantNames } from './clip-variants.js';
import { recordParity, relativeError } from './record-parity.js';

const runner = new OnnxGraphRunner({ threads: 1 });
const NO_TOKENIZER = { vocab: {}, merges: '' };

describe.each(clipVariantNames())('CLIP, %s', (name) => {
  const { files, pictures, texts, imageEmbeds, textEmbeds } = clipVariant(name);

  it('gives the reference’s image embeddings, together and alone', async () => {
    const encoder = await ClipImageEncoder.load({ ...files, tokenizer: NO_TOKENIZER }, runner);
    const together = await encoder.embed(pictures);
    for (const [n, picture] of pictures.entries()) {
      recordParity(`${name}: image_embeds ${n}, relative`, relativeError(together[n]!, imageEmbeds[n]!), 1e-5);
      const [alone] = await encoder.embed([picture]);
      recordParity(`${name}: image_embeds ${n} alone, relative`, relativeError(alone!, together[n]!), 1e-6);
    }
    await encoder.release();
  });

  it('gives the reference’s text embeddings', async () => {
    const encoder = await ClipTextEncoder.load({ ...files, tokenizer: NO_TOKENIZER }, runner);
    const embeddings = await encoder.embed(texts);
    embeddings.forEach((embedding, n) => {
      recordParity(`${name}: text_embeds ${n}, relative`, relativeError(embedding, textEmbeds[n]!), 1e-5);
    });
    expect(encoder.logitScale).toBeCloseTo(Math.exp(2.5), 5);
    await encoder.release();
  });
});

describe('a checkpoint under OpenAI’s names', () => {
  const { files } = clipVariant('rn50x4, a tenth as wide');
  const opened = (config: unknown) => {
    const { imageSize, projectionDim, vision, text } = openClip({ ...files, config });
    return { imageSize, projectionDim, vision, text };
  };

  it('says by its shapes what its config.json leaves out', () => {
    const all = opened(files.config);
    expect(opened({})).toEqual({ ...all, text: { ...all.text, eosTokenId: 2 } }); // 2: the largest id
  });
});
