import { createResampleKernel, packWeights, PRECISION_BITS, SLACK_BYTES, TAPS_PER_GROUP } from './resample-kernel.js';

/**
 * Pillow's antialiased bicubic for 8-bit RGB, bit by bit: two passes, horizontal first, with 8-bit values between;
 * weights in 22-bit fixed point. CLIP's weights were trained on what this very arithmetic leaves of a picture. (As
 * Pillow up to 12 has it; 13 turns the passes round for pictures more than about twice as high as wide.)
 */

/** The weights of a run of output positions along one axis; `weights[i * stride]` on are those of output `first + i`, with zeros after. */
interface AxisWeights {
  readonly stride: number;
  /** first input position of each output */
  readonly starts: Int32Array;
  /** number of input positions of each output */
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}

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
  return applyWeights(rgb, inWidth, { columns, rows, firstRow, rowCount });
}

function axisWeights(inSize: number, outSize: number, first: number, count: number): AxisWeights {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT * filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const stride = Math.ceil(taps / TAPS_PER_GROUP) * TAPS_PER_GROUP;
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

/** Both passes, in the kernel's memory: a row at a time goes in, the picture as a whole never does. */
function applyWeights(
  rgb: Uint8Array,
  inWidth: number,
  {
    columns,
    rows,
    firstRow,
    rowCount,
  }: { columns: AxisWeights; rows: AxisWeights; firstRow: number; rowCount: number },
): Uint8Array {
  const [width, height] = [columns.starts.length, rows.starts.length];
  const rowBytes = width * 3;
  const left = columns.starts[0] ?? 0;
  const wanted = (columns.starts[width - 1] ?? 0) + (columns.counts[width - 1] ?? 0) - left;
  const groups = columns.stride / TAPS_PER_GROUP;

  const places = allot({
    starts: width * 4,
    columnWeights: width * columns.stride * 4,
    rowWeights: rows.weights.byteLength,
    row: (wanted + columns.stride) * 3,
    narrow: rowCount * rowBytes,
    out: height * rowBytes,
  });
  const memory = kernel.memory.buffer;
  new Int32Array(memory, places.starts, width).set(columns.starts.map((start) => (start - left) * 3));
  packWeights(columns.weights, new Int16Array(memory, places.columnWeights, columns.weights.length * 2));
  new Int32Array(memory, places.rowWeights, rows.weights.length).set(rows.weights);
  const bytes = new Uint8Array(memory);

  for (let y = 0; y < rowCount; y++) {
    const from = ((firstRow + y) * inWidth + left) * 3;
    bytes.set(rgb.subarray(from, from + wanted * 3), places.row);
    const to = places.narrow + y * rowBytes;
    kernel.horizontal(places.row, places.starts, places.columnWeights, groups, to, to + rowBytes);
  }
  for (let y = 0; y < height; y++) {
    const from = places.narrow + (rows.starts[y]! - firstRow) * rowBytes;
    const to = places.out + y * rowBytes;
    kernel.vertical(from, rowBytes, rows.counts[y]!, places.rowWeights + y * rows.stride * 4, to, to + rowBytes);
  }
  return bytes.slice(places.out, places.out + height * rowBytes);
}

const kernel = createResampleKernel();
const PAGE_BYTES = 65_536;

/** Addresses in the kernel's memory, which grows as it must. */
function allot<Name extends string>(sizes: Readonly<Record<Name, number>>): Record<Name, number> {
  const places = {} as Record<Name, number>;
  let end = 0;
  for (const [name, size] of Object.entries(sizes) as [Name, number][]) {
    places[name] = end;
    end += Math.ceil((size + SLACK_BYTES) / SLACK_BYTES) * SLACK_BYTES;
  }
  const missing = end - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / PAGE_BYTES));
  return places;
}
