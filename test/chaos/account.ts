import type { Library } from './library.js';

/** What the tables hold at the end, counted against what was sent. */
export interface Account {
  readonly captioned: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly failed: number;
  /** suggestions whose text is not the one this very picture gets */
  readonly misattributed: number;
  readonly outboxEvents: number;
}

interface Row extends Record<string, unknown> {
  tenant_id: string;
  asset_id: string;
  status: string;
  texts: string[];
}

/** @param expected the caption of each picture by its asset id, as the captioner alone gives it */
export async function takeAccount(library: Library, expected: ReadonlyMap<string, string>): Promise<Account> {
  const rows = await library.database.query<Row>(`
    SELECT a.tenant_id, a.asset_id, a.status,
      coalesce(array_agg(s.text) FILTER (WHERE s.id IS NOT NULL), '{}') AS texts
    FROM asset a LEFT JOIN suggestion s ON s.tenant_id = a.tenant_id AND s.asset_row_id = a.id
    GROUP BY a.id`);
  const byPicture = new Map(rows.map((row) => [`${row.tenant_id}/${row.asset_id}`, row]));
  const sent = library.pictures.map(({ tenantId, assetId }) => byPicture.get(`${tenantId}/${assetId}`));
  const [outbox] = await library.database.query<{ count: number }>('SELECT count(*)::int AS count FROM outbox');
  return {
    captioned: rows.filter(({ status }) => status === 'captioned').length,
    lost: sent.filter((row) => row === undefined || (row.status === 'captioned' && row.texts.length === 0)).length,
    duplicated:
      rows.filter(({ texts }) => texts.length > 1).length + Math.max(0, rows.length - library.pictures.length),
    failed: rows.filter(({ status }) => status === 'failed').length,
    misattributed: rows.filter(({ asset_id, texts }) => texts.some((text) => text !== expected.get(asset_id))).length,
    outboxEvents: outbox!.count,
  };
}

/** How many assets have reached a terminal state. */
export async function terminal(library: Library): Promise<number> {
  const [row] = await library.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM asset WHERE status <> 'received'`,
  );
  return row!.count;
}

export async function landed(library: Library): Promise<number> {
  const [row] = await library.database.query<{ count: number }>('SELECT count(*)::int AS count FROM asset');
  return row!.count;
}
