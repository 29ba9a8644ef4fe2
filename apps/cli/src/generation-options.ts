import { MAX_BEAMS, type GenerationDefaults } from '@housestyle/clipcap';
import { DECODES, SCORINGS, type GenerationSettings } from '@housestyle/domain';
import { Option, type Command } from 'commander';
import { count, numberWithin, seed } from './option-values.js';

/** How captions are looked for, as far as the command line says: the model says the rest. */
export type GenerationOptions = Partial<Omit<GenerationSettings, 'stopTokenIds'>>;

export function addGenerationOptions(command: Command): Command {
  return command
    .addOption(new Option('--decode <how>', "how to search (default: the model's, usually beam)").choices(DECODES))
    .option(
      '--num-beams <n>',
      `beams of the search, 1 to ${MAX_BEAMS} (default: the model's, usually 5)`,
      count(MAX_BEAMS),
    )
    .option('--max-new-tokens <n>', "longest caption in tokens (default: the model's, usually 67)", count())
    .option(
      '--num-return-sequences <n>',
      `candidates of a picture, 1 to ${MAX_BEAMS}, each text once (default: every beam, or one sample)`,
      count(MAX_BEAMS),
    )
    .addOption(
      new Option(
        '--scoring <how>',
        'how beams compete: as ClipCap, or as Hugging Face generate (default: clipcap)',
      ).choices(SCORINGS),
    )
    .option('--length-penalty <p>', 'of --scoring hf: score = sum / length^p (default: 1)', numberWithin(-10, 10))
    .option('--temperature <t>', 'of samples: above 1 more daring, below 1 less (default: 1)', numberWithin(0.01, 100))
    .option('--top-k <n>', 'of samples: only this many of the likeliest tokens (default: all)', count())
    .option(
      '--top-p <p>',
      'of samples: only the likeliest tokens that together exceed this share (default: 1)',
      numberWithin(0.000001, 1),
    )
    .option('--seed <n>', 'of samples: same picture, same seed, same captions (default: 0)', seed);
}

/** What is wrong with options that are fine one by one; undefined: nothing. */
export function contradictionIn(options: GenerationOptions): string | undefined {
  const { decode, scoring, numReturnSequences, numBeams } = options;
  const needs = (names: readonly (keyof GenerationOptions)[], isThere: boolean, what: string) => {
    const given = names.find((name) => options[name] !== undefined);
    return given && !isThere ? `${FLAGS[given]} needs ${what}` : undefined;
  };
  const isBeam = decode === undefined || decode === 'beam';
  const isFiltered = decode === 'sample' || decode === 'nucleus';
  const isDrawn = decode === 'sample';
  return (
    needs(['scoring', 'numBeams'], isBeam, '--decode beam') ??
    needs(['lengthPenalty'], scoring === 'hf', '--scoring hf') ??
    needs(['temperature', 'topP'], isFiltered, '--decode sample or nucleus') ??
    needs(['topK', 'seed'], isDrawn, '--decode sample') ??
    ((numReturnSequences ?? 1) > 1
      ? needs(['numReturnSequences'], isBeam || isDrawn, '--decode beam or sample')
      : undefined) ??
    (isBeam && (numReturnSequences ?? 1) > (numBeams ?? MAX_BEAMS)
      ? '--num-return-sequences is more than --num-beams'
      : undefined)
  );
}

/** The settings among a command's options. */
export function generationOf(options: GenerationOptions): GenerationDefaults {
  const names = Object.keys(FLAGS) as (keyof GenerationOptions)[];
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

const FLAGS: Readonly<Record<keyof GenerationOptions, string>> = {
  decode: '--decode',
  numBeams: '--num-beams',
  maxNewTokens: '--max-new-tokens',
  scoring: '--scoring',
  lengthPenalty: '--length-penalty',
  temperature: '--temperature',
  topK: '--top-k',
  topP: '--top-p',
  seed: '--seed',
  numReturnSequences: '--num-return-sequences',
};
