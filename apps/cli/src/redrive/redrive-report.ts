import type { TenantId } from '@housestyle/domain';
import { counted } from '../wording.js';

/** What every redrive is told. */
export interface RedriveOptions {
  readonly tenant?: TenantId;
  readonly code?: readonly string[];
  readonly since?: Date;
  readonly until?: Date;
  readonly limit?: number;
  readonly dryRun: boolean;
  readonly json: boolean;
}

type CountByCode = Readonly<Record<string, number>>;

export const total = (byCode: CountByCode): number => Object.values(byCode).reduce((sum, count) => sum + count, 0);

export const added = (a: CountByCode, b: CountByCode): CountByCode =>
  Object.fromEntries([...Object.keys(a), ...Object.keys(b)].map((code) => [code, (a[code] ?? 0) + (b[code] ?? 0)]));

/** "3 failed assets → received", and a line for each code, the commonest first. */
export function explained(noun: string, target: string, byCode: CountByCode, isDryRun: boolean): string[] {
  const codes = Object.entries(byCode).sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  const width = String(codes[0]?.[1] ?? 0).length;
  return [
    `${counted(total(byCode), noun)} ${isDryRun ? 'would go' : 'went'} back to ${target}`,
    ...codes.map(([code, count]) => `  ${String(count).padStart(width)}  ${code}`),
  ];
}
