/**
 * Pillow's antialiased bicubic for 8-bit RGB, bit by bit: two passes, horizontal first, with 8-bit values between;
 * weights in 22-bit fixed point. CLIP's weights were trained on what this very arithmetic leaves of a picture. (As
 * Pillow up to 12 has it; 13 turns the passes round for pictures more than about twice as high as wide.)
 */

/** The weights of a run of output positions along one axis; `weights[i * stride]` on are those of output `first + i`. */
interface AxisWeights {
  readonly stride: number;
  /** first input position of each output */
  readonly starts: Int32Array;
  /** number of input positions of each output */
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}

const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);
const SUPPORT = 2;

export interface ResampleWindow {
  /** the size the whole picture would be resized to */
  readonly fullWidth: number;
  readonly fullHeight: number;
  /** the part of it that is wanted; nothing else is computed */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** rgb [inHeight, inWidth, 3] → [window.height, window.width, 3] */
export function resampleBicubic(
  rgb: Uint8Array,
  inWidth: number,
  inHeight: number,
  window: ResampleWindow,
): Uint8Array {
  const { fullWidth, fullHeight, left, top, width, height } = window;
  const columns = axisWeights(inWidth, fullWidth, left, width);
  const rows = axisWeights(inHeight, fullHeight, top, height);
  const firstRow = rows.starts[0] ?? 0;
  const rowCount = (rows.starts[height - 1] ?? 0) + (rows.counts[height - 1] ?? 0) - firstRow;
  const narrow = horizontalPass(rgb, inWidth, firstRow, rowCount, columns);
  return verticalPass(narrow, width, firstRow, rows);
}

function axisWeights(inSize: number, outSize: number, first: number, count: number): AxisWeights {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < count; i++) {
    const center = (first + i + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), inSize);
    let sum = 0;
    for (let x = start; x < end; x++) {
      // divided by multiplying with the reciprocal, as Pillow does: the last bit of a weight depends on it
      const weight = bicubic((x - center + 0.5) * (1 / filterScale));
      exact[x - start] = weight;
      sum += weight;
    }
    for (let k = 0; k < end - start; k++) {
      const weight = sum === 0 ? exact[k]! : exact[k]! / sum;
      weights[i * stride + k] = Math.trunc(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
    }
    starts[i] = start;
    counts[i] = end - start;
  }
  return { stride, starts, counts, weights };
}

/** Keys' cubic with a = -0.5 */
function bicubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** [*, inWidth, 3] → [rowCount, columns, 3], of the input rows from `firstRow` on */
function horizontalPass(
  rgb: Uint8Array,
  inWidth: number,
  firstRow: number,
  rowCount: number,
  { stride, starts, counts, weights }: AxisWeights,
): Uint8Array {
  const width = starts.length;
  const out = new Uint8Array(rowCount * width * 3);
  let to = 0;
  for (let y = 0; y < rowCount; y++) {
    const row = (firstRow + y) * inWidth * 3;
    for (let x = 0; x < width; x++) {
      let from = row + starts[x]! * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = x * stride + counts[x]!;
      for (let k = x * stride; k < end; k++) {
        const weight = weights[k]!;
        red = (red + Math.imul(rgb[from]!, weight)) | 0;
        green = (green + Math.imul(rgb[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(rgb[from + 2]!, weight)) | 0;
        from += 3;
      }
      out[to] = clip8(red);
      out[to + 1] = clip8(green);
      out[to + 2] = clip8(blue);
      to += 3;
    }
  }
  return out;
}

/** [rows from `firstRow` on, width, 3] → [rows, width, 3] */
function verticalPass(
  narrow: Uint8Array,
  width: number,
  firstRow: number,
  { stride, starts, counts, weights }: AxisWeights,
): Uint8Array {
  const height = starts.length;
  const rowLength = width * 3;
  const out = new Uint8Array(height * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    let from = (starts[y]! - firstRow) * rowLength;
    for (let k = y * stride; k < y * stride + counts[y]!; k++) {
      const weight = weights[k]!;
      for (let x = 0; x < rowLength; x++) sums[x] = sums[x]! + Math.imul(narrow[from + x]!, weight);
      from += rowLength;
    }
    for (let x = 0; x < rowLength; x++) out[y * rowLength + x] = clip8(sums[x]!);
  }
  return out;
}

function clip8(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
