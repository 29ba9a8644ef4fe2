import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './report.js';

/** The report's files, as far as the grid is done. */
export async function writeReport(folder: string, { name, markdown, plots }: Report): Promise<void> {
  await writeFile(join(folder, name), markdown);
  for (const [file, svg] of Object.entries(plots)) await writeFile(join(folder, file), svg);
}
