import { DomainError } from '@housestyle/domain';
import { z } from 'zod';

/** A variable's description, unit and secrecy stand beside its schema (`.meta`); docs/settings.md is made from them. */
export interface VariableMeta {
  readonly description: string;
  readonly unit?: string;
  readonly secret?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable: its schema over the raw string, documented. */
export const variable = <T extends z.ZodType>(schema: T, meta: VariableMeta): T => schema.meta({ ...meta });

/** Whole numbers from a string, with bounds. */
export const wholeNumber = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);

/** `true`/`1`/`yes` and `false`/`0`/`no`. */
export const flag = z.stringbool({ truthy: ['true', '1', 'yes'], falsy: ['false', '0', 'no'] });

/** Comma-separated values, trimmed, empties dropped. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

/**
 * Validates `environment` against `shape` and freezes the result. An empty string counts as unset.
 * @throws DomainError `invalid_settings` that names every wrong variable.
 */
export function readSettings<S extends z.ZodRawShape>(
  shape: S,
  environment: Environment = process.env,
): Readonly<z.infer<z.ZodObject<S>>> {
  const given = Object.fromEntries(
    Object.keys(shape).flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const lines = parsed.error.issues.map((issue) => explain(issue, shape));
  throw new DomainError('invalid_settings', `wrong settings:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

function explain(issue: z.core.$ZodIssue, shape: z.ZodRawShape): string {
  const name = String(issue.path[0]);
  const meta = (shape[name] as z.ZodType | undefined)?.meta() as VariableMeta | undefined;
  const message = issue.message.endsWith('received undefined') ? 'is required' : issue.message;
  return `${name}: ${message}${meta ? ` (${meta.description})` : ''}`;
}
