import type { DomainError } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import { parseClipConfig, parseClipPreprocessing } from './clip-config.js';

const invalid = (message: string) =>
  expect.objectContaining({
    code: 'invalid_model',
    message: expect.stringContaining(message) as string,
  }) as DomainError;

describe('parseClipConfig', () => {
  it('has the library’s defaults, ViT-B/32, for what a configuration leaves out', () => {
    expect(parseClipConfig({})).toEqual({
      projectionDim: 512,
      vision: {
        hiddenSize: 768,
        intermediateSize: 3072,
        numLayers: 12,
        numHeads: 12,
        activation: 'quick_gelu',
        layerNormEpsilon: 1e-5,
        imageSize: 224,
        patchSize: 32,
      },
      text: {
        hiddenSize: 512,
        intermediateSize: 2048,
        numLayers: 12,
        numHeads: 8,
        activation: 'quick_gelu',
        layerNormEpsilon: 1e-5,
        vocabSize: 49408,
        contextLength: 77,
        eosTokenId: 49407,
      },
    });
  });

  it.each([
    [{ vision_config: { hidden_act: 'relu' } }, 'hidden_act must be quick_gelu or gelu, it is "relu"'],
    [{ vision_config: { num_attention_heads: 7 } }, '768 is not divisible by 7 heads'],
    [{ vision_config: { num_hidden_layers: 0 } }, 'num_hidden_layers must be a size'],
    [{ vision_config: { image_size: 16 } }, 'a patch is larger than the image'],
    [{ text_config: 7 }, 'text_config: not a JSON object'],
    [[], 'not a JSON object'],
  ])('refuses %j', (json, message) => {
    expect(() => parseClipConfig(json)).toThrow(invalid(message));
  });
});

describe('parseClipPreprocessing', () => {
  it('reads sizes as numbers or objects', () => {
    const old = parseClipPreprocessing({ size: 224, crop_size: 224 }, 224);
    const recent = parseClipPreprocessing(
      { size: { shortest_edge: 224 }, crop_size: { height: 224, width: 224 } },
      224,
    );
    expect(old).toEqual(recent);
    expect(old).toMatchObject({ resizeTo: 224, cropTo: 224, rescaleFactor: 1 / 255 });
  });

  it('leaves out the steps that are switched off', () => {
    const { rescaleFactor, mean, std } = parseClipPreprocessing({ do_rescale: false, do_normalize: false }, 64);
    expect({ rescaleFactor, mean, std }).toEqual({ rescaleFactor: 1, mean: [0, 0, 0], std: [1, 1, 1] });
  });

  it.each([
    [{ crop_size: 288 }, 'but the model sees 224'],
    [{ size: 200 }, 'resize 200, crop 224'],
    [{ crop_size: { height: 224, width: 200 } }, 'crop_size is not square'],
    [{ resample: 2 }, 'only bicubic'],
    [{ image_mean: [0.5, 0.5] }, 'image_mean must have three values'],
  ])('refuses %j', (json, message) => {
    expect(() => parseClipPreprocessing(json, 224)).toThrow(invalid(message));
  });
});
