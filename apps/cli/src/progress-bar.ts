import type { Terminal } from './terminal.js';

const WIDTH = 30;
const CLEAR_LINE = '\r\u001b[K';

/** One line on stderr while many things are done; nothing where nobody watches. */
export class ProgressBar {
  private done = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly total: number,
  ) {}

  advance(count: number): void {
    this.done += count;
    this.show(this.done, this.total);
  }

  /** @param note a few words behind the count */
  show(done: number, total: number, note = ''): void {
    if (total < 2) return;
    const filled = Math.round((WIDTH * done) / total);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    this.terminal.draw?.(`${CLEAR_LINE}${bar} ${done}/${total}${note && `  ${note}`}`);
  }

  /** Out of the way before a line is printed. */
  clear(): void {
    this.terminal.draw?.(CLEAR_LINE);
  }
}
