import { writeFile } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import { DocumentFrequencies, tokeniseCaptions, tokenisePictures } from '@housestyle/evaluation';
import { readCocoResults } from './coco-results.js';
import { scoreTable } from './evaluation-report.js';
import { OfficialJars } from './official-jars.js';
import { References } from './references.js';
import { scoreByDomain } from './score-by-domain.js';
import { EXIT_OK, type Terminal } from '../terminal.js';

export interface EvaluateOptions {
  /** captions as COCO, nocaps, Karpathy, Conceptual Captions or Flickr30k publish them. */
  readonly references: string;
  /** COCO results. */
  readonly hypotheses: string;
  /** of a Karpathy file. */
  readonly split?: readonly string[];
  readonly json: boolean;
  /** a file to write, one JSON object a picture. */
  readonly perImage?: string;
  /** captions to take CIDEr's document frequencies from. */
  readonly frequencies?: string;
  /** a directory with the METEOR and SPICE jars. */
  readonly jars?: string;
}

/** Scores a results file against its references. @returns the exit code */
export async function evaluateResults(options: EvaluateOptions, terminal: Terminal): Promise<number> {
  const jars = options.jars === undefined ? undefined : await OfficialJars.find(options.jars);
  const references = await References.read(options.references, options.split);
  const captioned = references.join(await readCocoResults(options.hypotheses));
  const left = references.size - captioned.length;
  if (left > 0) terminal.complain(`scored ${captioned.length} of ${references.size} pictures: ${left} have no caption`);

  const tokenised = tokenisePictures(captioned.map(({ picture }) => picture));
  const pictures = captioned.map(({ domain }, n) => ({ picture: tokenised[n]!, domain }));
  const frequencies = await frequenciesOf(options.frequencies);
  const { entire, domains, perImage } = await scoreByDomain(pictures, { frequencies, jars });
  const scores = { ...entire, ...(domains && { domains }) };
  terminal.print(options.json ? JSON.stringify(scores) : scoreTable(scores, captioned.length));

  if (options.perImage !== undefined) {
    const lines = captioned.map(({ imageId, domain }, n) =>
      JSON.stringify({ image_id: imageId, domain, ...perImage[n] }),
    );
    await write(options.perImage, `${lines.join('\n')}\n`);
  }
  return EXIT_OK;
}

async function frequenciesOf(path: string | undefined): Promise<DocumentFrequencies | undefined> {
  if (path === undefined) return undefined;
  const captions = [...(await References.read(path, undefined, ['train', 'restval'])).all()];
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
