import { corrupt, type ByteFile, type ByteRange } from './byte-file.js';
import { PickleCursor } from './pickle-cursor.js';
import { readPickle, type PickleLimits } from './pickle-machine.js';
import { PickleDict, PickleList, type PickleValue } from './pickle-values.js';
import { TorchStorage } from './torch-tensor.js';
import { storageIn, TorchVocabulary, type StorageReference } from './torch-vocabulary.js';

/**
 * The one storage in what torch.save wrote before PyTorch 1.6, and still writes when a tensor is pickled by itself: four
 * pickles (a magic number, the format's version, the machine, the storage's reference), one of the storages' keys, then
 * the number of elements in 8 bytes and the elements. Read as data, with no more vocabulary than that takes.
 * Source: torch/serialization.py, `_legacy_save`.
 * @throws DomainError `unsafe_checkpoint`, `corrupt_checkpoint`
 */
export function readLegacyStorage(file: ByteFile, range: ByteRange): TorchStorage {
  const end = range.offset + range.length;
  const label = `${file.label}: the storage at byte ${range.offset}`;
  const references: StorageReference[] = [];
  const vocabulary = new TorchVocabulary(
    file,
    (reference) => {
      references.push(reference);
      return new TorchStorage(file, reference.dtype, reference.size, () => range);
    },
    'null',
  );
  let offset = range.offset;
  const next = (): PickleValue => {
    const cursor = new PickleCursor(file, { offset, length: end - offset }, label, LIMITS.maxStringBytes);
    const value = readPickle(cursor, vocabulary, LIMITS);
    offset = cursor.position;
    return value;
  };
  if (next() !== MAGIC_NUMBER || next() !== VERSION) throw corrupt(label, 'is not in the format it should be in');
  const machine = next();
  const isLittleEndian = machine instanceof PickleDict && machine.get('little_endian') === true;
  if (!isLittleEndian) throw corrupt(label, 'was not written on a little-endian machine');
  const root = next();
  const keys = next();
  const [reference] = references;
  const isOne = references.length === 1 && root instanceof TorchStorage && keys instanceof PickleList;
  if (!reference || !isOne || keys.items.length !== 1 || keys.items[0] !== reference.key) {
    throw corrupt(label, 'is not one storage');
  }
  const bytes = { offset: offset + COUNT_BYTES, length: end - offset - COUNT_BYTES };
  if (bytes.length < 0 || file.read(offset, COUNT_BYTES).readBigUInt64LE(0) !== BigInt(reference.size)) {
    throw corrupt(label, 'has another number of elements than its reference says');
  }
  return storageIn(file, reference, bytes);
}

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const COUNT_BYTES = 8;
const LIMITS: PickleLimits = { maxObjects: 100, maxValues: 1000, maxStringBytes: 1024, maxTextBytes: 8192 };
