import { float32, op, type FloatValue, type GraphBuilder, type Value } from '@housestyle/graph';
import type { ClipPreprocessing } from './clip-config.js';

/** The input `pixels`, uint8 RGB [B, n, n, 3]: pixels travel as bytes. */
export const pixelBytes = (g: GraphBuilder, { cropTo: n }: ClipPreprocessing): Value<'uint8'> =>
  g.input('pixels', 'uint8', ['B', n, n, 3]);

/** Bytes [B, n, n, 3] → normalised floats [B, 3, n, n] */
export function pixelValues(
  g: GraphBuilder,
  bytes: Value<'uint8'>,
  { rescaleFactor, mean, std }: ClipPreprocessing,
): FloatValue {
  const rescaled = op.mul(g, op.cast(g, bytes, 'float32'), g.float(rescaleFactor));
  const centred = op.sub(g, rescaled, g.constant<'float32'>(float32([...mean])));
  return op.transpose(g, op.div(g, centred, g.constant<'float32'>(float32([...std]))), [0, 3, 1, 2]);
}
