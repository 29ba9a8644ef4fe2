import { DomainError } from '@housestyle/domain';
import { requireWeight, type WeightSource } from '@housestyle/graph';
import type { ConfigFields } from './config-fields.js';

/**
 * A tensor's shape.
 * @throws DomainError `invalid_model` when it is missing or has another number of dimensions.
 */
export function dimsOf<Rank extends 1 | 2 | 4>(weights: WeightSource, name: string, rank: Rank): Shapes[Rank] {
  const { dims } = requireWeight(weights, name);
  if (dims.length === rank) return dims as unknown as Shapes[Rank];
  throw new DomainError(
    'invalid_model',
    `${weights.label}: ${name} is [${dims.join(', ')}], not of ${rank} dimensions`,
  );
}

/**
 * How many layers or blocks there are, by the number in the tensors' names that `pattern` catches.
 * @throws DomainError `invalid_model` when there are none, or one between others is missing.
 */
export function countOf(weights: WeightSource, pattern: RegExp): number {
  const numbers = new Set(weights.names().flatMap((name) => pattern.exec(name)?.slice(1, 2) ?? []));
  const isWhole = numbers.size > 0 && [...numbers].every((number) => Number(number) < numbers.size);
  if (!isWhole) throw new DomainError('invalid_model', `${weights.label}: tensors ${pattern.source} are missing`);
  return numbers.size;
}

/** The side of the square grid that `places` are. @throws DomainError `invalid_model` when they are none. */
export function gridSide(weights: WeightSource, places: number): number {
  const side = Math.round(Math.sqrt(places));
  if (side > 0 && side ** 2 === places) return side;
  throw new DomainError('invalid_model', `${weights.label}: ${places} positions are no square`);
}

/** What the weights say of `name`; @throws DomainError `invalid_model` when the configuration says otherwise. */
export function agreedSize(fields: ConfigFields, name: string, ofWeights: number): number {
  const given = fields.size(name, ofWeights);
  if (given === ofWeights) return given;
  throw new DomainError('invalid_model', `${fields.label}: ${name} is ${given}, the weights say ${ofWeights}`);
}

interface Shapes {
  1: readonly [number];
  2: readonly [number, number];
  4: readonly [number, number, number, number];
}
