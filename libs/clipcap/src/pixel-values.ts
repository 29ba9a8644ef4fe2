import { float32, op, type FloatValue, type GraphBuilder } from '@housestyle/graph';
import type { ClipPreprocessing } from './clip-config.js';

/** The input `pixels`, uint8 RGB [B, n, n, 3] → normalised floats [B, 3, n, n]; in the graph, so that pixels travel as bytes. */
export function pixelValues(g: GraphBuilder, { cropTo: n, rescaleFactor, mean, std }: ClipPreprocessing): FloatValue {
  const pixels = g.input('pixels', 'uint8', ['B', n, n, 3]);
  const rescaled = op.mul(g, op.cast(g, pixels, 'float32'), g.float(rescaleFactor));
  const centred = op.sub(g, rescaled, g.constant<'float32'>(float32([...mean])));
  return op.transpose(g, op.div(g, centred, g.constant<'float32'>(float32([...std]))), [0, 3, 1, 2]);
}
