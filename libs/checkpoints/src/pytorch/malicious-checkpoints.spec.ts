import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DomainError, type ErrorCode } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as p from '../../../../test/support/pickle.js';
import { Random } from '../../../../test/support/random.js';
import {
  floats,
  storageFile,
  storageId,
  tensorPickle,
  torchArchive,
  torchFile,
  type View,
} from '../../../../test/support/torch-file.js';
import { zipOf, type StoredFile } from '../../../../test/support/zip.js';
import { ClipCapFeatures } from './clipcap-features.js';
import { PyTorchFile } from './pytorch-file.js';

let folder: string;
/** What every payload would write if it were run. */
let canary: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'housestyle-malice-'));
  canary = path.join(folder, 'canary');
});
afterAll(() => rm(folder, { recursive: true }));

const command = () => p.text(`touch ${canary}`);
const system = p.global('posix', 'system');
const orderedDict = p.global('collections', 'OrderedDict');
const storage = storageId('FloatStorage', '0', 4);
const fourFloats = storageFile('0', Buffer.alloc(16));
const tensor = (view: View = { dims: [4] }) => tensorPickle(storage, view);

/** A checkpoint with this in place of its state dict. */
const holding = (...instructions: Buffer[]) => zipOf(torchArchive(p.pickle(...instructions), [fourFloats]));
const archive = (...files: StoredFile[]) =>
  zipOf([...torchArchive(p.pickle(p.dict(['a', tensor()])), [fourFloats]), ...files]);
const op = (code: number, ...operands: number[]) => Buffer.of(code, ...operands);

/** Reads all there is to read. */
function readCheckpoint(file: string): void {
  const opened = PyTorchFile.open(file, 'weights.pt');
  try {
    for (const name of opened.names()) opened.read(name);
  } finally {
    opened.close();
  }
}

function readFeatures(file: string): void {
  const opened = ClipCapFeatures.open(file, 'features.pkl');
  try {
    for (const piece of opened.rows()) expect(piece.length).toBeGreaterThan(0);
  } finally {
    opened.close();
  }
}

async function refusal(bytes: Buffer, read: (file: string) => void): Promise<DomainError> {
  const file = path.join(folder, 'file');
  await writeFile(file, bytes);
  try {
    read(file);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it was read');
}

type Case = readonly [what: string, bytes: () => Buffer, complaint: string];

function refuses(code: ErrorCode, cases: readonly Case[], read = readCheckpoint): void {
  it.each(cases)(`refuses %s (${code})`, async (_what, bytes, complaint) => {
    const error = await refusal(bytes(), read);
    expect(error.message).toContain(complaint);
    expect(error.code).toBe(code);
    expect(existsSync(canary)).toBe(false);
    expect(await readdir(folder)).toEqual(['file']);
  });
}

describe('a checkpoint that asks for code', () => {
  refuses('unsafe_checkpoint', [
    ['GLOBAL and REDUCE', () => holding(p.call(system, command())), 'asks for posix.system: refused'],
    [
      'STACK_GLOBAL',
      () => holding(p.text('os'), p.text('system'), p.STACK_GLOBAL, p.tuple(command()), p.REDUCE),
      'asks for os.system',
    ],
    ['INST', () => holding(p.MARK, command(), Buffer.from('iposix\nsystem\n')), 'asks for posix.system (INST)'],
    ['OBJ', () => holding(p.MARK, system, command(), Buffer.from('o')), 'asks for posix.system'],
    ['OBJ of an allowed name', () => holding(p.MARK, orderedDict, Buffer.from('o')), 'made (OBJ)'],
    [
      'NEWOBJ',
      () => holding(p.global('subprocess', 'Popen'), p.tuple(command()), p.NEWOBJ),
      'asks for subprocess.Popen',
    ],
    ['NEWOBJ of an allowed name', () => holding(orderedDict, p.EMPTY_TUPLE, p.NEWOBJ), 'made (NEWOBJ)'],
    ['NEWOBJ_EX', () => holding(orderedDict, p.EMPTY_TUPLE, p.EMPTY_DICT, op(0x92)), 'made (NEWOBJ_EX)'],
    ['eval', () => holding(p.call(p.global('builtins', 'eval'), command())), 'asks for builtins.eval'],
    ['exec under its old name', () => holding(p.call(p.global('__builtin__', 'exec'))), 'asks for __builtin__.exec'],
    ['getattr', () => holding(p.call(p.global('builtins', 'getattr'))), 'asks for builtins.getattr'],
    ['an import', () => holding(p.call(p.global('importlib', 'import_module'))), 'asks for importlib.import_module'],
    ['a class of its own', () => holding(p.call(p.global('__main__', 'Model'))), 'asks for __main__.Model'],
    ['a reconstructor', () => holding(p.call(p.global('copyreg', '_reconstructor'))), 'asks for copyreg'],
    ['torch.load', () => holding(p.call(p.global('torch', 'load'), command())), 'asks for torch.load'],
    [
      'a nested torch.load',
      () =>
        holding(p.call(p.global('torch.storage', '_load_from_bytes'), p.bytes(p.pickle(p.call(system, command()))))),
      'asks for torch.storage._load_from_bytes',
    ],
    [
      'a way from an allowed name to another',
      () => holding(p.text('collections'), p.text('OrderedDict.__init__.__globals__'), p.STACK_GLOBAL),
      'asks for collections.OrderedDict.__init__.__globals__',
    ],
    ['names of JavaScript', () => holding(p.call(p.global('constructor', 'constructor'))), 'constructor.constructor'],
    ['an inherited name', () => holding(p.global('', 'toString')), 'asks for .toString'],
    [
      'a call of a storage type',
      () => holding(p.call(p.global('torch', 'FloatStorage'))),
      'a call of torch.FloatStorage',
    ],
    ['a call of a number type', () => holding(p.call(p.global('torch', 'float32'))), 'a call of'],
    ['a call of data', () => holding(p.call(p.text('system'), command())), 'a call of a string'],
    ['a state for a tensor', () => holding(tensor(), p.EMPTY_DICT, p.BUILD), '(BUILD, __setstate__) on torchtensor'],
    ['a state for a name', () => holding(orderedDict, p.EMPTY_DICT, p.BUILD), 'on collections.OrderedDict'],
    ['a state that is no dict', () => holding(p.call(orderedDict), p.tuple(), p.BUILD), 'on dict'],
    ['EXT1', () => holding(op(0x82, 7)), 'an extension code (EXT1)'],
    ['EXT2', () => holding(op(0x83, 7, 0)), 'an extension code (EXT2)'],
    ['EXT4', () => holding(op(0x84, 7, 0, 0, 0)), 'an extension code (EXT4)'],
    ['a persistent id in text', () => holding(Buffer.from('P0\n')), 'a persistent id in text (PERSID)'],
    ['a buffer from outside', () => holding(op(0x97)), 'a buffer from outside'],
    ['protocol 0', () => holding(Buffer.from('S"x"\n')), 'an instruction of protocols 0 and 1 ("S")'],
    [
      'a name that would repaint a terminal',
      () => holding(p.global('os\u001b[2J', 'system')),
      'asks for os\\u{1b}[2J.system',
    ],
    ['file names that climb', () => archive({ name: 'archive/../../x', data: Buffer.from('x') }), 'leaves the archive'],
    ['absolute file names', () => archive({ name: '/etc/passwd', data: Buffer.from('x') }), 'leaves the archive'],
    ['file names of Windows', () => archive({ name: 'C:\\x', data: Buffer.from('x') }), 'leaves the archive'],
  ]);
});

const lying = (id: Buffer) => holding(p.dict(['a', tensorPickle(Buffer.concat([id, p.BINPERSID]), { dims: [1] })]));
const reference = (...items: Buffer[]) => lying(p.tuple(...items));
const float = p.global('torch', 'FloatStorage');
const claiming = (claims: StoredFile['claims']) =>
  zipOf(torchArchive(p.pickle(p.dict(['a', tensor()])), [{ ...fourFloats, ...(claims && { claims }) }]));

describe('a checkpoint that lies', () => {
  refuses('corrupt_checkpoint', [
    ['a persistent id of another kind', () => reference(p.text('module'), p.text('os')), 'no reference to a storage'],
    ['a persistent id that is a text', () => lying(p.text('storage')), 'no reference to a storage'],
    [
      'a storage outside the archive',
      () => reference(p.text('storage'), float, p.text('../../etc/passwd'), p.text('cpu'), p.int(4)),
      'a storage that is not there: "../../etc/passwd"',
    ],
    [
      'more elements than bytes',
      () => reference(p.text('storage'), float, p.text('0'), p.text('cpu'), p.int(2 ** 40)),
      'has 16 bytes in storage "0", not 4398046511104',
    ],
    [
      'a negative number of elements',
      () => reference(p.text('storage'), float, p.text('0'), p.text('cpu'), p.int(-1)),
      'no reference to a storage',
    ],
    [
      'one storage of two types',
      () => holding(p.dict(['a', tensor()], ['b', tensorPickle(storageId('LongStorage', '0', 2), { dims: [2] })])),
      'two stories about storage "0"',
    ],
    [
      'a view beyond its storage',
      () => holding(p.dict(['a', tensor({ start: 1, dims: [4] })])),
      'element 4 of a storage of 4',
    ],
    [
      'a view that repeats an element 10¹² times',
      () => holding(p.dict(['a', tensor({ dims: [1_000_000, 1_000_000], strides: [0, 0] })])),
      'a view that repeats its elements',
    ],
    [
      'a negative stride',
      () => holding(p.dict(['a', tensor({ dims: [4], strides: [-1] })])),
      'valid storage, size or stride',
    ],
    [
      'sizes beyond all numbers',
      () => holding(p.dict(['a', tensor({ dims: [2n ** 62n] })])),
      'valid storage, size or stride',
    ],
    [
      'sizes whose product is beyond all numbers',
      () => holding(p.dict(['a', tensor({ dims: Array<number>(8).fill(2 ** 52), strides: Array<number>(8).fill(0) })])),
      'repeats its elements',
    ],
    [
      'a hundred dimensions',
      () => holding(p.dict(['a', tensor({ dims: Array<number>(100).fill(1) })])),
      'no valid sizes',
    ],
    [
      'fewer strides than sizes',
      () => holding(p.dict(['a', tensor({ dims: [2, 2], strides: [1] })])),
      'no valid sizes',
    ],
    [
      'one storage shown a thousand times',
      () => holding(p.dict(...Array.from({ length: 1000 }, (_, n) => [`a${n}`, tensor()] as const))),
      'makes 16000 bytes of tensors out of 16',
    ],
    [
      'a tensor of a number',
      () => holding(p.dict(['a', tensorPickle(p.int(1), { dims: [1] })])),
      'without a valid storage',
    ],
    ['a memo beyond all memory', () => holding(p.EMPTY_LIST, p.put(4_000_000_000)), 'puts 4000000000 into a memo of 0'],
    ['a memo read before it is written', () => holding(p.get(3)), 'gets 3 out of a memo of 0'],
    ['a text of 4 GB', () => holding(Buffer.from('X\xff\xff\xff\xff', 'latin1')), 'has a text of 4294967295 bytes'],
    ['a text of 2⁶³ bytes', () => holding(op(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80)), 'announces 9223372036854775808 bytes'],
    ['bytes of 2⁶³', () => holding(op(0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80)), 'announces 9223372036854775808 bytes'],
    ['a frame of 2⁶³', () => holding(op(0x95, 0, 0, 0, 0, 0, 0, 0, 0x80)), 'announces 9223372036854775808 bytes'],
    ['a number of 255 bytes', () => holding(op(0x8a, 255), Buffer.alloc(255, 1)), 'has a number of 255 bytes'],
    ['a name without an end', () => holding(Buffer.from('c'), Buffer.alloc(5000, 'a')), 'has a name without an end'],
    ['a million open marks', () => holding(Buffer.alloc(1_000_000, '(')), 'opens more than 1000 marks'],
    ['a million dicts', () => holding(Buffer.alloc(1_000_000, '}')), 'makes more than 500000 objects'],
    ['five million Nones', () => holding(Buffer.alloc(5_000_000, 'N')), 'has more than 4000000 values'],
    ['takes from an empty stack', () => holding(p.SETITEM), 'takes a value where there is none'],
    ['closes what is not open', () => holding(p.TUPLE), 'takes a mark where there is none'],
    ['a key without a value', () => holding(p.EMPTY_DICT, p.MARK, p.int(1), p.SETITEMS), 'a key without a value'],
    ['items for a text', () => holding(p.text('x'), p.int(1), p.int(2), p.SETITEM), 'sets items of a string'],
    ['a state dict in halves', () => holding(p.EMPTY_DICT, p.EMPTY_DICT), 'ends with values left over'],
    ['an instruction that there is not', () => holding(op(0xff)), 'an unknown instruction 0xff'],
    ['protocol 6', () => zipOf(torchArchive(Buffer.concat([p.proto(6), p.STOP]))), 'not a pickle of protocol 2 to 5'],
    [
      'a pickle behind its end',
      () => holding(p.EMPTY_DICT, p.STOP, p.call(system, command())),
      'goes on after its end',
    ],
    ['a pickle that breaks off', () => zipOf(torchArchive(Buffer.of(0x80, 2, 0x58, 9))), 'breaks off'],
    ['two files of one name', () => archive(fourFloats), 'two files named archive/data/0'],
    ['two pickles', () => archive({ name: 'other/data.pkl', data: p.pickle(p.NONE) }), 'has 2 files data.pkl, not 1'],
    [
      'files that overlap',
      () => archive({ name: 'archive/x', data: Buffer.from('x'), headerOffset: 0 }),
      'archive/data.pkl',
    ],
    ['sizes larger than the file', () => claiming({ size: 1e9 }), 'lies beyond its end: archive/data/0'],
    ['sizes that reach into the next file', () => claiming({ size: 100 }), 'has files that overlap: archive/data/0'],
    [
      'a directory that names other files',
      () => zipOf(torchArchive(p.pickle(p.dict(['a', tensor()])), [{ ...fourFloats, localName: 'archive/data/1' }])),
      'has another file where its directory says archive/data/0 is',
    ],
    ['other bytes than its checksum says', () => claiming({ crc32: 1 }), 'has other bytes in archive/data/0'],
    [
      'a file that goes on after the archive',
      () => Buffer.concat([archive(), Buffer.from('x')]),
      'something follows it',
    ],
    ['an archive before the archive', () => Buffer.concat([archive(), archive()]), 'not where it says'],
    ['an archive cut short', () => archive().subarray(0, -30), 'truncated'],
    ['an archive of nothing', () => zipOf([]), 'has 0 files data.pkl, not 1'],
    ['an empty file', () => Buffer.alloc(0), 'does not begin as a zip'],
    ['another kind of file', () => Buffer.from('#!/bin/sh\n'), 'does not begin as a zip'],
  ]);

  refuses('invalid_model', [
    [
      'a billion laughs, of which none is told',
      () => {
        const rounds = Array.from({ length: 60 }, (_, n) =>
          Buffer.concat([p.list(...Array<Buffer>(10).fill(n === 0 ? p.int(1) : p.get(n - 1))), p.put(n)]),
        );
        return holding(
          ...rounds.map((round, n) => Buffer.concat([round, n < 59 ? Buffer.from('0') : Buffer.alloc(0)])),
        );
      },
      'holds no state dict',
    ],
    [
      'a list in a list, 200,000 deep',
      () => holding(Buffer.alloc(200_000, ']'), Buffer.alloc(199_999, 'a')),
      'holds no state dict',
    ],
    ['a list in itself', () => holding(p.EMPTY_LIST, p.put(0), p.get(0), Buffer.from('a')), 'holds no state dict'],
    ['a dict without tensors', () => holding(p.dict(['__proto__', p.int(1)])), 'holds no tensors'],
  ]);

  refuses('unsupported_checkpoint', [
    ['compressed files', () => claiming({ method: 8 }), 'has a compressed file, archive/data/0: files of torch.save'],
    ['a bomb of zeros', () => claiming({ method: 8, size: 2 ** 31 }), 'has a compressed file'],
    ['encrypted files', () => claiming({ flags: 0x801 }), 'has an encrypted file, archive/data/0'],
    [
      'TorchScript, by its constants',
      () => archive({ name: 'archive/constants.pkl', data: p.pickle(p.NONE) }),
      'is a TorchScript archive, a program; if you trust it, take the weights out with PyTorch: torch.save(dict(torch.jit',
    ],
    [
      'TorchScript, by its code',
      () => archive({ name: 'archive/code/__torch__.py', data: Buffer.from('x') }),
      'is a TorchScript archive',
    ],
    [
      'the format before PyTorch 1.6',
      () => Buffer.concat([Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'), p.pickle(p.call(system, command()))]),
      "is in the format before PyTorch 1.6; if you trust it, convert it with PyTorch: torch.save(torch.load('OLD.pt'",
    ],
    ['a bare pickle', () => p.pickle(p.call(system, command())), 'is a bare pickle'],
  ]);
});

const LOAD = p.global('torch.storage', '_load_from_bytes');
const embedding = (legacy: Buffer) => tensorPickle(p.call(LOAD, p.bytes(legacy)), { dims: [1, 4] });
const machine = p.dict(['little_endian', p.TRUE]);
const featuresOf = (clipEmbedding: Buffer, ...captions: Buffer[]) =>
  p.pickle(p.dict(['clip_embedding', clipEmbedding], ['captions', p.list(...captions)]));
const oneCaption = p.dict(['caption', p.text('A boat.')]);
const legacyId = (key = '7', size = 4, tail = p.NONE) =>
  Buffer.concat([
    p.tuple(p.text('storage'), p.global('torch', 'FloatStorage'), p.text(key), p.text('cpu'), p.int(size), tail),
    p.BINPERSID,
  ]);
const legacy = ({ root = legacyId(), keys = p.list(p.text('7')), count = 4, system: sys = machine } = {}) => {
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
  const numElements = Buffer.alloc(8);
  numElements.writeBigUInt64LE(BigInt(count));
  const pickles = [p.pickle(p.int(1001)), p.pickle(sys), p.pickle(root), p.pickle(keys)];
  return Buffer.concat([magic, ...pickles, numElements, Buffer.alloc(16)]);
};

describe('features that ask for code, or lie', () => {
  it('are read when they do neither', async () => {
    await expect(refusal(featuresOf(embedding(legacy()), oneCaption), readFeatures)).rejects.toThrow('it was read');
  });

  refuses(
    'unsafe_checkpoint',
    [
      ['a call', () => featuresOf(p.call(system, command())), 'features.pkl asks for posix.system'],
      ['a call among the captions', () => featuresOf(p.NONE, p.call(system, command())), 'asks for posix.system'],
      [
        'a call in the storage',
        () => featuresOf(embedding(legacy({ root: p.call(system, command()) }))),
        'posix.system',
      ],
      ['a call in the storage’s keys', () => featuresOf(embedding(legacy({ keys: p.call(system) }))), 'posix.system'],
      [
        'a storage in the storage',
        () => featuresOf(embedding(legacy({ root: p.call(LOAD, p.bytes(legacy())) }))),
        'asks for torch.storage._load_from_bytes',
      ],
      ['NumPy', () => featuresOf(p.call(p.global('numpy.core.multiarray', '_reconstruct'))), 'asks for numpy.core'],
      ['a persistent id', () => featuresOf(storage), 'asks for a persistent id'],
    ],
    readFeatures,
  );

  refuses(
    'corrupt_checkpoint',
    [
      [
        'a storage of no bytes',
        () => featuresOf(tensorPickle(p.call(LOAD, p.text('x')), { dims: [1] })),
        'without bytes',
      ],
      ['another format in the storage', () => featuresOf(embedding(p.pickle(p.int(1)))), 'not in the format'],
      ['a storage of a big-endian machine', () => featuresOf(embedding(legacy({ system: p.dict() }))), 'little-endian'],
      [
        'a storage that lies about its elements',
        () => featuresOf(embedding(legacy({ count: 5 }))),
        'number of elements',
      ],
      ['a storage shorter than it says', () => featuresOf(embedding(legacy().subarray(0, -1))), 'has 15 bytes'],
      ['a storage without its number', () => featuresOf(embedding(legacy().subarray(0, -20))), 'number of elements'],
      [
        'two storages in one',
        () => featuresOf(embedding(legacy({ keys: p.list(p.text('7'), p.text('8')) }))),
        'one storage',
      ],
      [
        'a view of a storage',
        () => featuresOf(embedding(legacy({ root: legacyId('7', 4, p.int(1)) }))),
        'no reference',
      ],
      ['a pickle behind the pickle', () => Buffer.concat([featuresOf(embedding(legacy())), p.STOP]), 'goes on after'],
    ],
    readFeatures,
  );

  refuses(
    'invalid_model',
    [
      ['no dict', () => p.pickle(p.list()), 'holds no ClipCap features'],
      ['embeddings that are no matrix', () => featuresOf(p.int(1), oneCaption), 'holds no ClipCap features'],
      ['a caption that is no dict', () => featuresOf(embedding(legacy()), p.int(1)), 'caption 1 is no dict'],
      ['a caption without text', () => featuresOf(embedding(legacy()), p.dict()), 'caption 1 has no text'],
      [
        'a caption of an embedding that is not there',
        () => featuresOf(embedding(legacy()), p.dict(['caption', p.text('A boat.')], ['clip_embedding', p.int(1)])),
        'caption 1 is of an embedding that is not there; there are 1',
      ],
    ],
    readFeatures,
  );
});

describe('random damage', () => {
  const state = new Map([
    ['clip_project.weight', floats([4, 3], (n) => n)],
    ['clip_project.bias', floats([4])],
  ]);
  const whole = torchFile(state, { isWide: true });
  const inside = p.pickle(p.call(orderedDict), p.MARK, p.text('a'), tensor(), p.text('b'), tensor(), p.SETITEMS);
  const repacked = (bytes: Buffer) => zipOf(torchArchive(bytes, [fourFloats]));
  const features = featuresOf(embedding(legacy()), oneCaption, oneCaption);

  it.each([
    ['of an archive', whole, (bytes: Buffer) => bytes, readCheckpoint],
    ['of the pickle in it', inside, repacked, readCheckpoint],
    ['of features', features, (bytes: Buffer) => bytes, readFeatures],
  ] as const)('%s never ends otherwise than in a refusal', async (_what, good, packed, read) => {
    const random = new Random(20_261_121);
    const below = (limit: number) => random.between(0, limit - 1);
    let refused = 0;
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(good);
      for (let n = below(4); n >= 0; n--) bytes[below(bytes.length)]! ^= 1 << below(8);
      const cut = below(8) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
      const file = path.join(folder, 'file');
      await writeFile(file, packed(cut));
      try {
        read(file);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        expect(['unsafe_checkpoint', 'corrupt_checkpoint', 'unsupported_checkpoint', 'invalid_model']).toContain(
          error.code,
        );
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(150);
    expect(existsSync(canary)).toBe(false);
  });
});
