import type { DomainError } from '@housestyle/domain';
import { MemoryWeights, type Tensor } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { clipVariant } from '../../../test/parity/clip-variants.js';
import { buildImageTower, hasTextTower, openClip } from './clip-model.js';
import { ClipImageEncoder } from './clip-image-encoder.js';
import { ClipTextEncoder } from './clip-text-encoder.js';

const { files } = clipVariant('rn50, of few blocks');
const vision = { num_attention_heads: 3 };

/** The variant's weights without those that `isOut` says. */
function without(isOut: (name: string) => boolean): MemoryWeights {
  const kept = files.weights.names().filter((name) => !isOut(name));
  return new MemoryWeights(
    'few',
    new Map(kept.map((name): [string, Tensor<'float32'>] => [name, files.weights.find(name)!])),
  );
}

const refused = (message: string) =>
  expect.objectContaining({
    code: 'invalid_model',
    message: expect.stringContaining(message) as string,
  }) as DomainError;

describe('a ResNet under OpenAI’s names', () => {
  it.each([
    [{ image_size: 224 }, 'vision_config: image_size is 224, the weights say 96'],
    [{ layers: [3, 4, 6, 3] }, 'layers is 3,4,6,3, the weights say 1,2,1,2'],
    [{ width: 64 }, 'width is 64, the weights say 6'],
    [{ num_attention_heads: 5 }, '192 channels do not divide by 5 heads'],
  ])('refuses a configuration that contradicts its shapes: %j', (vision_config, message) => {
    expect(() => openClip({ ...files, config: { vision_config } })).toThrow(refused(message));
  });

  it.each([
    ['visual.attnpool.positional_embedding', 'no tensor visual.attnpool.positional_embedding'],
    ['visual.layer2.0.bn2.running_var', 'no tensor visual.layer2.0.bn2.running_var'],
    ['visual.layer2.1.conv3.weight', 'no tensor visual.layer2.1.conv3.weight'],
  ])('refuses weights without %s, by name', (name, message) => {
    const weights = without((other) => other === name);
    const config = { vision_config: vision };
    expect(() => buildImageTower(openClip({ ...files, config, weights }))).toThrow(refused(message));
  });

  it('refuses weights with a block missing between others', () => {
    const weights = without((name) => name.startsWith('visual.layer4.0.'));
    expect(() => openClip({ ...files, weights })).toThrow(refused('layer4'));
  });

  it('embeds pictures without a text tower, and says so when texts are asked for', async () => {
    const weights = without((name) => !name.startsWith('visual.'));
    const clip = { ...files, weights, tokenizer: { vocab: {}, merges: '' } };
    const runner = new OnnxGraphRunner({ threads: 1 });
    const encoder = await ClipImageEncoder.load(clip, runner);
    expect((await encoder.embed([new Uint8Array(96 * 96 * 3)]))[0]).toHaveLength(24);
    await encoder.release();
    await expect(ClipTextEncoder.load(clip, runner)).rejects.toEqual(refused('few: this CLIP has no text tower'));
  });
});

describe('a text tower', () => {
  it.each(['vit-b-16, quick_gelu', "vit-b-16 under OpenAI's names", 'rn50, of few blocks'])(
    'is told by the tensors: %s',
    (name) => {
      const { files } = clipVariant(name);
      const images = files.weights.names().filter((tensor) => /^(?:vision|visual)/.test(tensor));
      const weights = new MemoryWeights(
        'few',
        new Map(images.map((tensor) => [tensor, files.weights.tensors.get(tensor)!])),
      );
      expect([hasTextTower(files), hasTextTower({ ...files, weights })]).toEqual([true, false]);
    },
  );
});

describe('weights that are no CLIP', () => {
  it('are refused with the names that were expected', () => {
    const weights = without(() => true);
    expect(() => openClip({ config: {}, preprocessor: {}, weights })).toThrow(
      refused('few: no CLIP among its tensors'),
    );
  });
});
