import { ProgressBar } from '../progress-bar.js';
import type { Terminal } from '../terminal.js';
import { seconds } from '../wording.js';
import type { CellResult } from './cell-results.js';
import { networkName, type GridCell } from './grid-cell.js';

/** A bar of the grid's cells, with what the one under way is at, and a line for each that is done. */
export class CellProgress {
  private readonly bar: ProgressBar;
  private done = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly cells: number,
  ) {
    this.bar = new ProgressBar(terminal, cells);
  }

  show(cell: GridCell, doing: string): void {
    this.bar.show(this.done, this.cells, `${titleOf(cell)}: ${doing}`);
  }

  finished(cell: GridCell, result: CellResult, { wasKnown, json }: { wasKnown: boolean; json: boolean }): void {
    this.done++;
    this.bar.clear();
    if (json) {
      this.terminal.print(JSON.stringify({ ...result, wasKnown }));
      return;
    }
    const { bleu, cider } = result.tests[0]!.scores;
    const took = wasKnown ? 'done before' : `${seconds(result.training.seconds + result.captioning.seconds)}`;
    this.terminal.complain(
      `${this.done}/${this.cells}  ${titleOf(cell)}: BLEU-4 ${bleu[3]!.toFixed(3)}, CIDEr ${cider.toFixed(3)}, ${took}`,
    );
  }
}

const titleOf = (cell: GridCell): string => `${networkName(cell)}, prefix ${cell.prefixLength}`;
