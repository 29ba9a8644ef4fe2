import type { Database, Transaction } from '@housestyle/database';

type Method = (...args: unknown[]) => unknown;

export interface Unfiltered {
  readonly database: Database;
  /** conditions that named the tenant and were taken out so far */
  readonly removed: () => number;
}

/**
 * The same database with every condition on the tenant taken out of every statement of a tenant's transaction, as if the
 * repositories had forgotten them: `tenantId` in Prisma's `where`s, `tenant_id = …` in SQL. What is written stays as it is.
 * All that is left between tenants is row-level security.
 */
export function withoutTenantFilters(database: Database): Unfiltered {
  let removed = 0;
  const count = () => void (removed += 1);
  const unfiltered = Object.create(database) as Database;
  unfiltered.forTenant = (tenant, work) => database.forTenant(tenant, (rows) => work(unfilteredRows(rows, count)));
  return { database: unfiltered, removed: () => removed };
}

function unfilteredRows(rows: Transaction, count: () => void): Transaction {
  return new Proxy(rows, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === '$queryRaw' || name === '$executeRaw') {
        return (strings: TemplateStringsArray, ...values: unknown[]) =>
          (value as Method).call(target, withoutTenantInSql(strings, count), ...values);
      }
      if (typeof name === 'string' && !name.startsWith('$') && typeof value === 'object' && value !== null) {
        return unfilteredTable(value, count);
      }
      return value;
    },
  });
}

function unfilteredTable(table: object, count: () => void): object {
  return new Proxy(table, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      // an upsert finds its row by a unique key, which for a tenant's only row is the tenant
      if (typeof value !== 'function' || name === 'upsert') return value;
      return (args: unknown) => (value as Method).call(target, withoutTenantInWhere(args, count));
    },
  });
}

function withoutTenantInWhere(args: unknown, count: () => void): unknown {
  if (typeof args !== 'object' || args === null || args instanceof Date || ArrayBuffer.isView(args)) return args;
  if (Array.isArray(args)) return args.map((each) => withoutTenantInWhere(each, count));
  const entries = Object.entries(args).map(([key, value]): [string, unknown] => {
    if (key === 'data') return [key, value];
    return [key, key === 'where' ? withoutTenant(value, count) : withoutTenantInWhere(value, count)];
  });
  return Object.fromEntries(entries);
}

function withoutTenant(where: unknown, count: () => void): unknown {
  if (typeof where !== 'object' || where === null || where instanceof Date || ArrayBuffer.isView(where)) return where;
  if (Array.isArray(where)) return where.map((each) => withoutTenant(each, count));
  const entries = Object.entries(where).filter(([key]) => key !== 'tenantId');
  if (entries.length < Object.keys(where).length) count();
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutTenant(value, count)]));
}

/** `t.tenant_id = $1::uuid` becomes `($1::uuid IS NOT NULL)`: the parameters stay in their places. */
function withoutTenantInSql(strings: TemplateStringsArray, count: () => void): TemplateStringsArray {
  const parts = [...strings];
  for (let index = 0; index + 1 < parts.length; index++) {
    const condition = /(\w+\.)?tenant_id = $/.exec(parts[index]!);
    if (!condition || !parts[index + 1]!.startsWith('::uuid')) continue;
    parts[index] = `${parts[index]!.slice(0, condition.index)}(`;
    parts[index + 1] = parts[index + 1]!.replace('::uuid', '::uuid IS NOT NULL)');
    count();
  }
  return Object.assign(parts, { raw: parts });
}
