import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  captionsBeside,
  ClipCapFeatures,
  describeBaseModel,
  openBaseModel,
  writeFeatureStream,
} from '@housestyle/checkpoints';
import { openClip } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { ModelLibrary } from '../model-library.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { counted, seconds } from '../wording.js';
import { renumbered } from './conceptual-numbering.js';

export interface ImportFeaturesOptions {
  readonly out: string;
  /** the base whose CLIP made them, where that is known. */
  readonly model?: string;
  readonly json: boolean;
}

/** Features that the official code pickled, read as data and written as ours. @returns the exit code */
export async function importFeatures(
  pickle: string,
  { out, model, json }: ImportFeaturesOptions,
  terminal: Terminal,
): Promise<number> {
  const begun = performance.now();
  const features = ClipCapFeatures.open(pickle);
  try {
    const { numRows, width } = features;
    const repaired = renumbered(features.captions, numRows);
    if (repaired) terminal.complain(RENUMBERED);
    const captions = repaired ?? features.captions;
    const clipSha256 = model === undefined ? undefined : await clipOf(model, width);
    await mkdir(dirname(out), { recursive: true });
    await writeFeatureStream(out, {
      ...(clipSha256 !== undefined && { clipSha256 }),
      numRows,
      width,
      captions,
      rows: () => features.rows(),
    });
    const took = (performance.now() - begun) / 1000;
    const facts = { out, embeddings: numRows, captions: captions.length, width };
    if (json) terminal.print(JSON.stringify({ ...facts, seconds: took }));
    else {
      const what = `${counted(numRows, 'embedding')}, ${counted(captions.length, 'caption')}, ${width} values each`;
      terminal.print(`${out}\n${captionsBeside(out)}\n${what}, ${seconds(took)}`);
    }
    return EXIT_OK;
  } finally {
    features.close();
  }
}

/** The sha256 of a base's CLIP. @throws DomainError `invalid_request` when it gives embeddings of another width */
async function clipOf(model: string, width: number): Promise<string> {
  const folder = await (await ModelLibrary.find()).resolve(model);
  const description = await describeBaseModel(folder);
  const { clip } = await openBaseModel(folder, description);
  const { projectionDim } = openClip(clip);
  if (projectionDim !== width) {
    const message = `the embeddings have ${width} values, and those of ${model} ${projectionDim}: another CLIP made them`;
    throw new DomainError('invalid_request', message);
  }
  return description.files['clip/model.safetensors']!;
}

const RENUMBERED =
  'the captions are numbered from 0 again in the middle, as parse_conceptual.py does, which gives them to the wrong pictures: taken in their order instead';
