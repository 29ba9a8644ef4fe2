import { describe, expect, it } from 'vitest';
import { niceTicks } from './axis-ticks.js';
import { linePlot } from './line-plot.js';

const plot = linePlot({
  title: 'Loss & <time>',
  xLabel: 'prefix "length"',
  yLabel: 'BLEU-4',
  logX: true,
  series: [
    { name: 'learned', points: [1, 2, 5, 10, 20, 40, 80].map((x) => [x, x / 100] as const) },
    { name: 'held out', points: [[1, 0.3]], isDashed: true },
    { name: 'nothing yet', points: [] },
  ],
});

describe('linePlot', () => {
  it('is well-formed XML: every element is closed in its order, texts are escaped', () => {
    expectWellFormed(plot);
    expect(plot).toContain('Loss &amp; &lt;time&gt;');
    expect(plot).toContain('prefix &quot;length&quot;');
    expect(plot).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('gives equal factors equal room on a logarithmic axis', () => {
    const points = /points="([^"]+)"/
      .exec(plot)![1]!
      .split(' ')
      .map((pair) => Number(pair.split(',')[0]));
    const [one, two, , , twenty, forty, eighty] = points as [number, number, number, number, number, number, number];
    expect(two - one).toBeCloseTo(forty - twenty, 0);
    expect(forty - twenty).toBeCloseTo(eighty - forty, 0);
  });

  it('draws what belongs together in one colour, and leaves empty series out', () => {
    const colours = [...plot.matchAll(/<polyline[^>]+stroke="(#\w+)"/g)].map(([, colour]) => colour);
    expect(colours).toHaveLength(2);
    expect(new Set(colours).size).toBe(1);
    expect(plot).not.toContain('nothing yet');
  });

  it('draws a single point, equal values, or nothing at all', () => {
    const labels = { title: '', xLabel: '', yLabel: '' };
    for (const points of [
      [],
      [[3, 0]],
      [
        [1, 2],
        [5, 2],
      ],
    ] as [number, number][][]) {
      // prettier-ignore
      const svg = linePlot({ ...labels, series: [{ name: 'a', points }] });
      expectWellFormed(svg);
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
  });
});

describe('niceTicks', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.31, 0.42, [0.3, 0.325, 0.35, 0.375, 0.4, 0.425]],
    [-3, 1200, [-250, 0, 250, 500, 750, 1000, 1250]],
  ])('from %d to %d', (least, most, ticks) => expect(niceTicks(least, most)).toEqual(ticks));
});

function expectWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(/<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g, (_, isEnd, name, __, isEmpty) => {
    if (isEnd) expect(open.pop()).toBe(name);
    else if (!isEmpty) open.push(name as string);
    return '';
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot);)/);
}
