/**
 * What `work` makes of each item, as it comes, the quick ones before the slow ones: no more than `atOnce` are under way
 * or waiting to be taken. `work` does not throw.
 */
export async function* arrivals<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  atOnce: number,
): AsyncGenerator<Result> {
  const arrived: Result[] = [];
  let underWay = 0;
  let wake = (): void => {};
  const begin = async (item: Item): Promise<void> => {
    underWay++;
    arrived.push(await work(item));
    underWay--;
    wake();
  };
  async function next(): Promise<Result> {
    if (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift()!;
  }
  for await (const item of items) {
    void begin(item);
    while (underWay + arrived.length >= atOnce) yield await next();
  }
  while (underWay + arrived.length > 0) yield await next();
}
