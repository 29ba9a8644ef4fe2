import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A program that takes a step for each line it is sent, and answers with a JSON object. */
export class StepTaker {
  static async start(command, args) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.add(child);
    const ended = once(child, 'exit').finally(() => children.delete(child));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const taker = Object.assign(new StepTaker(), { child, lines, ended, command: [command, ...args].join(' ') });
    taker.ready = await taker.answer();
    return taker;
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`ended early: ${this.command}`);
    return JSON.parse(value);
  }

  async step() {
    this.child.stdin.write('\n');
    this.last = await this.answer();
    return this.last;
  }

  /** @returns its peak memory in bytes */
  async close() {
    this.child.stdin.end();
    const { peakMemoryBytes } = 'peakMemoryBytes' in this.last ? this.last : await this.answer();
    await this.ended;
    return peakMemoryBytes;
  }
}
