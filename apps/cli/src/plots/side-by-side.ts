/** Plots of one size in one image, from left to right. @param plots of `linePlot` */
export function sideBySide(plots: readonly string[]): string {
  const sizes = plots.map((svg) => /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.slice(1, 3).map(Number) as [number, number]);
  const height = Math.max(...sizes.map(([, own]) => own));
  let left = 0;
  const placed = plots.map((svg, n) => {
    const [width, own] = sizes[n]!;
    const inner = svg.trim().replace('<svg ', `<svg x="${left}" y="0" width="${width}" height="${own}" `);
    left += width;
    return inner;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left} ${height}">\n${placed.join('\n')}\n</svg>\n`;
}
