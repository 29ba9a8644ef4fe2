import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Several of one program that take each step together: it is as long as the longest, and costs what all do. */
export class StepTakers {
  static async start(count, command, args) {
    const takers = [];
    while (takers.length < count) takers.push(await StepTaker.start(command, args)); // one by one: each writes the same files
    return Object.assign(new StepTakers(), { takers });
  }

  async step() {
    const steps = await Promise.all(this.takers.map((taker) => taker.step()));
    const figure = (name, whole) => whole(...steps.map((step) => step[name]));
    const [tokens, ...others] = steps.map((step) => JSON.stringify(step.tokens));
    if (others.some((other) => other !== tokens)) throw new Error('programs that are alike give other tokens');
    return { ...steps[0], wallMs: figure('wallMs', Math.max), cpuMs: figure('cpuMs', sum) };
  }

  /** @returns their peak memory in bytes, together */
  async close() {
    return sum(...(await Promise.all(this.takers.map((taker) => taker.close()))));
  }
}

const sum = (...values) => values.reduce((total, value) => total + value, 0);

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
    if (done) {
      await this.ended; // by then it has said why
      console.error(`ended early: ${this.command}`);
      process.exit(1);
    }
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
