import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { decodeImage, resizeForClip } from '@housestyle/imaging';
import { expect, it } from 'vitest';

import { maxError, recordParity } from './record-parity.js';
import { GOLDENS_FOLDER, referencePictures, referenceTexts } from './reference.js';

it('makes of each picture file the crop the reference made, value by value', async () => {
  const crops = referencePictures();
  const { pictures } = referenceTexts();
  expect(pictures).toHaveLength(crops.length);
  for (const [n, { file }] of pictures.entries()) {
    const bytes = await readFile(path.join(GOLDENS_FOLDER, 'images', 'test', path.basename(file)));
    const crop = resizeForClip(await decodeImage(bytes), 64);
    recordParity(`crop_u8 of ${path.basename(file)}, from the file`, maxError(crop, crops[n]!), 0);
  }
});
