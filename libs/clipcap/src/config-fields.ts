import { DomainError } from '@housestyle/domain';

/** Typed reading of a config.json: every complaint is `invalid_model` and names the file and the field. */
export class ConfigFields {
  private readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    readonly label: string,
    value: unknown,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DomainError('invalid_model', `${label}: not a JSON object`);
    }
    this.fields = value as Readonly<Record<string, unknown>>;
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  /** An integer ≥ 1 and at most a million: a size, a count, a width. */
  size(name: string, absent?: number): number {
    const value = this.number(name, absent);
    if (!Number.isInteger(value) || value < 1 || value > 1_000_000) this.refuse(name, 'a size');
    return value;
  }

  number(name: string, absent?: number): number {
    const value = this.get(name, absent);
    return typeof value === 'number' && Number.isFinite(value) ? value : this.refuse(name, 'a number');
  }

  string(name: string, absent?: string): string {
    const value = this.get(name, absent);
    return typeof value === 'string' ? value : this.refuse(name, 'a string');
  }

  boolean(name: string, absent?: boolean): boolean {
    const value = this.get(name, absent);
    return typeof value === 'boolean' ? value : this.refuse(name, 'true or false');
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], absent?: T): T {
    const value = this.string(name, absent);
    return allowed.find((candidate) => candidate === value) ?? this.refuse(name, allowed.join(' or '));
  }

  numbers(name: string, absent?: readonly number[]): readonly number[] {
    const value = this.get(name, absent);
    const isNumbers = Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
    return isNumbers ? (value as readonly number[]) : this.refuse(name, 'a list of numbers');
  }

  object(name: string, absent?: object): ConfigFields {
    return new ConfigFields(`${this.label}: ${name}`, this.get(name, absent));
  }

  entries(): readonly (readonly [string, unknown])[] {
    return Object.entries(this.fields);
  }

  private get(name: string, absent: unknown): unknown {
    return this.has(name) ? this.fields[name] : absent;
  }

  private refuse(name: string, expected: string): never {
    const given = this.has(name) ? JSON.stringify(this.fields[name]) : 'missing';
    throw new DomainError('invalid_model', `${this.label}: ${name} must be ${expected}, it is ${given}`);
  }
}
