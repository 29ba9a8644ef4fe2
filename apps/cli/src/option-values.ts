import { PRECISIONS } from '@housestyle/clipcap';
import { InvalidArgumentError, Option } from 'commander';

/** A whole number from 1 on. */
export function count(atMost = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= atMost) return value;
    throw new InvalidArgumentError(atMost < Number.MAX_SAFE_INTEGER ? `Give 1 to ${atMost}.` : 'Give 1 or more.');
  };
}

/** A number above zero. */
export function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Give a number above 0.');
}

/** A number from `least` to `most`. */
export function numberWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
  };
}

/** A share below 1, or a whole number of updates. */
export function shareOrCount(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && (value < 1 || Number.isInteger(value))) return value;
  throw new InvalidArgumentError('Give a share such as 0.1, or a number of updates.');
}

/** A seed: a whole number from 0 on. */
export function seed(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new InvalidArgumentError('Give a whole number from 0 on.');
}

/** A name of a safetensors file. */
export function safetensorsFile(text: string): string {
  if (text.endsWith('.safetensors')) return text;
  throw new InvalidArgumentError('Give a name that ends in .safetensors.');
}

/** Names, comma-separated. */
export function names(text: string): string[] {
  const list = text.split(',').map((name) => name.trim());
  if (list.every((name) => name !== '')) return list;
  throw new InvalidArgumentError('Give names, with commas between them.');
}

/** What the model is computed in. */
export const precision = (): Option =>
  new Option(
    '--precision <how>',
    'fp32, the reference; fp16, for GPUs; int8, faster on CPUs; int8-static, see `models calibrate`',
  )
    .choices(PRECISIONS)
    .default('fp32');
