import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** A turn for each line of standard input, so that others can have the machine between. */
export class Turns {
  private readonly lines: Interface = createInterface({ input: process.stdin });
  private readonly waiting: string[] = [];
  private isClosed = false;

  constructor() {
    this.lines.on('line', (line) => this.waiting.push(line)).on('close', () => (this.isClosed = true));
  }

  /** Waits for the next turn; false when there will be none. */
  async next(): Promise<boolean> {
    if (this.waiting.length === 0 && !this.isClosed) {
      await Promise.race([once(this.lines, 'line'), once(this.lines, 'close')]);
    }
    return this.waiting.shift() !== undefined;
  }

  close(): void {
    this.lines.close();
  }
}
