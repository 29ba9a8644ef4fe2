import { readFileSync } from 'node:fs';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { decodeImage } from './decode-image.js';
import { makePreview } from './make-preview.js';

it('is an upright WebP of at most 512 pixels a side, without metadata', async () => {
  const camera = await sharp({ create: { width: 1200, height: 800, channels: 3, background: 'teal' } })
    .withExif({ IFD0: { Copyright: 'somebody' } })
    .jpeg()
    .toBuffer();
  const turned = await sharp(camera).withMetadata({ orientation: 6 }).toBuffer();
  const { bytes, contentType, width, height } = await makePreview(await decodeImage(turned));
  expect([contentType, width, height]).toEqual(['image/webp', 341, 512]);
  const seen = await sharp(bytes).metadata();
  expect([seen.format, seen.width, seen.height]).toEqual(['webp', 341, 512]);
  expect([seen.exif, seen.icc, seen.orientation]).toEqual([undefined, undefined, undefined]);
});

it('does not enlarge', async () => {
  const picture = await decodeImage(readFileSync(new URL('../goldens/rgb.png', import.meta.url)));
  expect(await makePreview(picture)).toMatchObject({ width: 52, height: 36 });
});
