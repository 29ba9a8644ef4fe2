import type { ImageFormat } from './image-format.js';

/**
 * Whether a WebP or TIFF file holds more than `most` frames or pages, by the heads of its parts alone. The decoding
 * library takes time with the square of a WebP's frames before it tells their number: 5 MB can keep it busy for 10 s.
 */
export function hasMoreFrames(bytes: Uint8Array, format: ImageFormat, most: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'webp') return hasMoreChunks(view, most);
  return format === 'tiff' && hasMorePages(view, most);
}

const RIFF_HEAD_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
const ANMF = 0x414e4d46;
/** beside its frames, a WebP file has a handful: colours, metadata */
const OTHER_CHUNKS = 1_000;

function hasMoreChunks(view: DataView, most: number): boolean {
  let [frames, others] = [0, 0];
  for (let at = RIFF_HEAD_BYTES; at + CHUNK_HEAD_BYTES <= view.byteLength;) {
    if (view.getUint32(at) === ANMF) frames += 1;
    else others += 1;
    if (frames > most || others > OTHER_CHUNKS) return true;
    const size = view.getUint32(at + 4, true);
    at += CHUNK_HEAD_BYTES + size + (size % 2);
  }
  return false;
}

const LITTLE_ENDIAN = 0x4949;
const ENTRY_BYTES = 12;

/** A chain that comes back to where it was has no end, and so more than any number. */
function hasMorePages(view: DataView, most: number): boolean {
  const isLittle = view.getUint16(0) === LITTLE_ENDIAN;
  let at = view.byteLength < 8 ? 0 : view.getUint32(4, isLittle);
  for (let pages = 1; at !== 0; pages++) {
    if (pages > most) return true;
    if (at + 2 > view.byteLength) return false;
    const next = at + 2 + view.getUint16(at, isLittle) * ENTRY_BYTES;
    if (next + 4 > view.byteLength) return false;
    at = view.getUint32(next, isLittle);
  }
  return false;
}
