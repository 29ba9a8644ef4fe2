import { openClip, type ClipFiles } from '@housestyle/clipcap';
import type { MatrixProduct } from '../measure/roofline.js';

/**
 * The products with weights of CLIP's image tower, of one picture: patches, linear layers, projection. Attention's own, one
 * in a hundred for ViT-B/32, are left out; undefined of a ResNet, which is made of convolutions.
 */
export function clipProducts(files: ClipFiles): MatrixProduct[] | undefined {
  const { vision, projectionDim: P } = openClip(files);
  if (vision.kind === 'resnet') return undefined;
  const { hiddenSize: C, intermediateSize: I, numLayers, imageSize, patchSize: p } = vision.config;
  const N = Math.floor(imageSize / p) ** 2;
  const layer = [
    [C, 3 * C],
    [C, C],
    [C, I],
    [I, C],
  ] as const;
  return [
    { rows: N, input: 3 * p * p, output: C },
    ...Array.from({ length: numLayers }, () => layer.map(([input, output]) => ({ rows: N + 1, input, output }))).flat(),
    { rows: 1, input: C, output: P },
  ];
}
