import { Socket } from 'node:net';

import { toFailure, type DecodeAnswer } from './decode-answer.js';
import { isShortage } from './decode-image.js';
import { frameHead, FrameReader, type Frame } from './frame.js';
import { preparePicture, type PictureOrder } from './prepare-picture.js';

/**
 * A decoding process: one order after the other from its parent, over the socket it is born with. It may be killed at
 * any time, and ends at once when its parent is gone. On SIGTERM it ends after the picture in hand; SIGINT is the
 * parent's business, which a terminal sends to both.
 */
const PARENT_FD = 3;
/** pixels whose memory is given back at once rather than when the next picture needs it */
const LARGE_PIXELS = 4_000_000;

const parent = new Socket({ fd: PARENT_FD, readable: true, writable: true });
let isBusy = false;
let isEnding = false;

const reader = new FrameReader(2 ** 31, (frame) => void serve(frame));
parent.on('data', (chunk: Buffer) => reader.push(chunk));
for (const event of ['end', 'error'] as const) parent.on(event, () => process.kill(process.pid, 'SIGKILL'));
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  isEnding = true;
  if (!isBusy) process.exit(0);
});
answer({ kind: 'ready' });

async function serve({ fields, bytes }: Frame): Promise<void> {
  isBusy = true;
  let pixelsHeld = 0;
  try {
    const { pixels, width, height, preview, decodedPixels } = await preparePicture(bytes, fields as PictureOrder);
    pixelsHeld = decodedPixels;
    const shown = preview && { preview: { width: preview.width, height: preview.height } };
    answer({ kind: 'picture', width, height, ...shown }, pixels, preview?.bytes);
  } catch (error) {
    const failure = toFailure(error);
    // of a picture that it could not try it says nothing: another process may
    if (isShortage(failure.message)) return end(failure.message);
    answer(failure);
  }
  isBusy = false;
  // in a turn of its own, when nothing here holds them any more
  if (pixelsHeld > LARGE_PIXELS) setImmediate(() => globalThis.gc?.());
  if (isEnding) parent.end(() => process.exit(0));
}

/** @param why on one line, the last that the parent hears */
function end(why: string): void {
  process.stderr.write(`${why.replaceAll('\n', ' ')}\n`, () => process.exit(1));
}

function answer(fields: DecodeAnswer | { readonly kind: 'ready' }, ...parts: (Uint8Array | undefined)[]): void {
  const present = parts.filter((part) => part !== undefined);
  parent.cork();
  parent.write(
    frameHead(
      fields,
      present.reduce((sum, { length }) => sum + length, 0),
    ),
  );
  for (const part of present) parent.write(part);
  parent.uncork();
}
