import { writeFile } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import {
  DocumentFrequencies,
  evaluateCaptions,
  tokeniseCaptions,
  tokenisePictures,
  type CaptionScores,
} from '@housestyle/evaluation';
import { CocoReferences, readCocoResults } from './coco-captions.js';
import { scoreTable } from './evaluation-report.js';
import { OfficialJars } from './official-jars.js';
import { EXIT_OK, type Terminal } from './terminal.js';

export interface EvaluateOptions {
  /** COCO captions. */
  readonly references: string;
  /** COCO results. */
  readonly hypotheses: string;
  readonly json: boolean;
  /** a file to write, one JSON object a picture. */
  readonly perImage?: string;
  /** COCO captions to take CIDEr's document frequencies from. */
  readonly frequencies?: string;
  /** a directory with the METEOR and SPICE jars. */
  readonly jars?: string;
}

export type EvaluationScores = CaptionScores & { readonly meteor?: number; readonly spice?: number };

/** Scores a results file against its references. @returns the exit code */
export async function evaluateResults(options: EvaluateOptions, terminal: Terminal): Promise<number> {
  const jars = options.jars === undefined ? undefined : await OfficialJars.find(options.jars);
  const references = await CocoReferences.read(options.references);
  const captioned = references.join(await readCocoResults(options.hypotheses));
  const left = references.size - captioned.length;
  if (left > 0) terminal.complain(`scored ${captioned.length} of ${references.size} pictures: ${left} have no caption`);

  const pictures = tokenisePictures(captioned.map(({ picture }) => picture));
  const { corpus, perImage } = evaluateCaptions(pictures, await frequenciesOf(options.frequencies));
  const meteor = await jars?.meteor(pictures);
  const spice = await jars?.spice(pictures);
  const scores: EvaluationScores = {
    ...corpus,
    ...(meteor && { meteor: meteor.corpus }),
    ...(spice && { spice: spice.corpus }),
  };
  terminal.print(options.json ? JSON.stringify(scores) : scoreTable(scores, captioned.length));

  if (options.perImage !== undefined) {
    const lines = captioned.map(({ imageId }, n) =>
      JSON.stringify({
        image_id: imageId,
        ...perImage[n],
        ...(meteor && { meteor: meteor.perImage[n] }),
        ...(spice && { spice: spice.perImage[n] }),
      }),
    );
    await write(options.perImage, `${lines.join('\n')}\n`);
  }
  return EXIT_OK;
}

async function frequenciesOf(path: string | undefined): Promise<DocumentFrequencies | undefined> {
  if (path === undefined) return undefined;
  const captions = [...(await CocoReferences.read(path)).all()];
  if (captions.length === 0) throw new DomainError('invalid_request', `${path}: no captions in it`);
  const tokenised = tokeniseCaptions(captions.flat());
  let next = 0;
  return new DocumentFrequencies(captions.map(({ length }) => tokenised.slice(next, (next += length))));
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new DomainError('invalid_request', `${path}: cannot be written: ${(cause as Error).message}`, { cause });
  }
}
