import { DomainError } from '@housestyle/domain';
import type { CaptionedRow, FeatureStream } from '../feature-file.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../half-precision.js';
import { ByteFile, corrupt } from './byte-file.js';
import { readLegacyStorage } from './legacy-storage.js';
import { PickleCursor } from './pickle-cursor.js';
import { readPickle, type PickleLimits, type PickleVocabulary } from './pickle-machine.js';
import { PickleBytes, PickleDict, PickleGlobal, PickleList, type PickleValue } from './pickle-values.js';
import { TorchTensor } from './torch-tensor.js';
import { TorchVocabulary } from './torch-vocabulary.js';

/**
 * Features as the official parse_coco.py and parse_conceptual.py pickle them: `{"clip_embedding": tensor [n, d],
 * "captions": [{"caption", "clip_embedding": row, "image_id", …}]}`. Texts are read when the file is opened, embeddings
 * stay in it until they are asked for. Nothing in the file is ever run. Close it when done.
 */
export class ClipCapFeatures implements FeatureStream {
  readonly numRows: number;
  readonly width: number;

  private constructor(
    private readonly file: ByteFile,
    private readonly embeddings: TorchTensor,
    readonly captions: readonly CaptionedRow[],
  ) {
    const [numRows, width] = embeddings.dims;
    this.numRows = numRows!;
    this.width = width!;
  }

  /** @throws DomainError `unsafe_checkpoint` naming what was refused; `corrupt_checkpoint`; `invalid_model` */
  static open(path: string, label = path): ClipCapFeatures {
    const file = ByteFile.open(path, label);
    try {
      const range = { offset: 0, length: file.size };
      const cursor = new PickleCursor(file, range, label, LIMITS.maxStringBytes);
      const root = readPickle(cursor, new FeatureVocabulary(file), LIMITS);
      if (cursor.position !== file.size) throw cursor.corrupt('goes on after its end');
      const [embeddings, captions] =
        root instanceof PickleDict ? [root.get('clip_embedding'), root.get('captions')] : [undefined, undefined];
      const isMatrix = embeddings instanceof TorchTensor && embeddings.dims.length === 2;
      if (!isMatrix || !FLOATS.includes(embeddings.storage.dtype) || !(captions instanceof PickleList)) {
        throw new DomainError('invalid_model', `${label} holds no ClipCap features: {"clip_embedding", "captions"}`);
      }
      const rows = captions.items.map((item, n) => captionedRow(label, item, n, embeddings.dims[0]!));
      return new ClipCapFeatures(file, embeddings, rows);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** [n, d] fp32, little-endian; a piece is overwritten by the next. @throws DomainError `corrupt_checkpoint` */
  *rows(): Generator<Uint8Array> {
    const { dtype } = this.embeddings.storage;
    for (const piece of this.embeddings.pieces()) {
      if (dtype === 'float32') yield piece;
      else {
        const halves = new Uint16Array(piece.buffer, piece.byteOffset, piece.length / 2);
        const { buffer } = dtype === 'float16' ? float16ToFloat32(halves) : bfloat16ToFloat32(halves);
        yield new Uint8Array(buffer);
      }
    }
  }

  close(): void {
    this.file.close();
  }
}

/** A tensor pickled by itself carries its storage in bytes that torch would load: here they are parsed as data. */
class FeatureVocabulary implements PickleVocabulary {
  private readonly torch: TorchVocabulary;
  private numStorages = 0;

  constructor(private readonly file: ByteFile) {
    this.torch = new TorchVocabulary(file, () => undefined);
  }

  global(name: string): PickleValue | undefined {
    return name === LOAD ? LOAD_GLOBAL : this.torch.global(name);
  }

  make(name: string, args: readonly PickleValue[]): PickleValue | undefined {
    if (name !== LOAD) return this.torch.make(name, args);
    const [bytes] = args;
    if (args.length !== 1 || !(bytes instanceof PickleBytes))
      throw corrupt(this.file.label, 'has a storage without bytes');
    if (++this.numStorages > MAX_STORAGES) throw corrupt(this.file.label, `has more than ${MAX_STORAGES} storages`);
    return readLegacyStorage(this.file, bytes);
  }

  /** A bare pickle has none. */
  persistent(): undefined {
    return undefined;
  }
}

function captionedRow(label: string, item: PickleValue, n: number, numRows: number): CaptionedRow {
  const where = `${label}: caption ${n + 1}`;
  if (!(item instanceof PickleDict)) throw new DomainError('invalid_model', `${where} is no dict`);
  const caption = item.get('caption');
  if (typeof caption !== 'string') throw new DomainError('invalid_model', `${where} has no text`);
  const row = item.get('clip_embedding') ?? n;
  if (typeof row !== 'number' || !Number.isInteger(row) || row < 0 || row >= numRows) {
    throw new DomainError('invalid_model', `${where} is of an embedding that is not there; there are ${numRows}`);
  }
  const image = item.get('image_id');
  const isNamed = typeof image === 'string' || typeof image === 'number';
  return { caption, row, ...(isNamed && { file: image.toString() }) };
}

const LOAD = 'torch.storage._load_from_bytes';
const LOAD_GLOBAL = new PickleGlobal(LOAD);
const FLOATS = ['float32', 'float16', 'bfloat16'];
const MAX_STORAGES = 16;
/** Conceptual Captions has 3.3 million texts, a dict each. */
const LIMITS: PickleLimits = {
  maxObjects: 6_000_000,
  maxValues: 80_000_000,
  maxStringBytes: 1024 * 1024,
  maxTextBytes: 1024 * 1024 * 1024,
};
