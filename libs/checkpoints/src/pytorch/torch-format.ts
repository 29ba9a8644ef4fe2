import { DomainError } from '@housestyle/domain';
import { corrupt, type ByteFile } from './byte-file.js';
import { readStoredZip, type ZipEntry } from './stored-zip.js';

export interface TorchArchive {
  /** the folder that everything lies in. */
  readonly root: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

/**
 * Tells a state dict's archive from what else is called `.pt`.
 * @throws DomainError `unsupported_checkpoint` with the line of Python that converts it; `corrupt_checkpoint`
 */
export function openTorchArchive(file: ByteFile): TorchArchive {
  const first = file.read(0, Math.min(file.size, OLD_FORMAT.length));
  if (first.equals(OLD_FORMAT)) {
    throw unsupported(file.label, 'is in the format before PyTorch 1.6', RESAVE);
  }
  if (!first.subarray(0, 2).equals(ZIP)) {
    if (first[0] === PICKLE) throw unsupported(file.label, 'is a bare pickle, not a file of torch.save', RESAVE);
    throw corrupt(file.label, 'is not a file of torch.save: it does not begin as a zip archive');
  }
  const entries = readStoredZip(file, (names) => {
    const isScript = names.some((name) => /^[^/]+\/(code\/|constants\.pkl$)/.test(name));
    if (isScript) throw unsupported(file.label, 'is a TorchScript archive, a program', UNSCRIPT);
  });
  const roots = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const root = roots[0]?.slice(0, -'/data.pkl'.length);
  if (root === undefined || roots.length > 1) throw corrupt(file.label, `has ${roots.length} files data.pkl, not 1`);
  const order = entries.get(`${root}/byteorder`);
  if (order && file.read(order.offset, Math.min(order.length, 16)).toString('latin1') !== 'little') {
    throw unsupported(file.label, 'was written on a big-endian machine', RESAVE);
  }
  return { root, entries };
}

const unsupported = (label: string, what: string, how: string): DomainError =>
  new DomainError('unsupported_checkpoint', `${label} ${what}; ${how}`);

const RESAVE =
  'if you trust it, convert it with PyTorch: ' +
  `torch.save(torch.load('OLD.pt', map_location='cpu', weights_only=True), 'NEW.pt')`;
const UNSCRIPT =
  'if you trust it, take the weights out with PyTorch: ' +
  `torch.save(dict(torch.jit.load('OLD.pt', map_location='cpu').state_dict()), 'NEW.pt')`;

/** A pickle of the number that torch.save began its files with. */
const OLD_FORMAT = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const ZIP = Buffer.from('PK');
const PICKLE = 0x80;
