/** The values of an app's metrics at one moment, by name; those with labels are added up. */
export type ScrapedMetrics = ReadonlyMap<string, number>;

export async function scrape(metricsUrl: string): Promise<ScrapedMetrics> {
  const text = await (await fetch(metricsUrl)).text();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-z][\w:]*)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, (values.get(name) ?? 0) + Number(value));
  }
  return values;
}

/** What was added to a sum and its count between two moments: their quotient; undefined when nothing was counted. */
export function meanBetween(before: ScrapedMetrics, after: ScrapedMetrics, histogram: string): number | undefined {
  const grown = (part: string) => (after.get(`${histogram}_${part}`) ?? 0) - (before.get(`${histogram}_${part}`) ?? 0);
  return grown('count') > 0 ? grown('sum') / grown('count') : undefined;
}
