import type { PullProgress } from '@housestyle/checkpoints';
import { ProgressBar } from '../progress-bar.js';
import type { Terminal } from '../terminal.js';

const EVERY_MS = 100;

/** Megabytes of what is being pulled, how fast, and which file; nothing where nobody watches. */
export class PullProgressBar {
  private readonly bar: ProgressBar;
  private shownAt = 0;
  private since: { readonly at: number; readonly bytes: number } | undefined;

  constructor(terminal: Terminal) {
    this.bar = new ProgressBar(terminal, 0);
  }

  show(repository: string, { file, receivedBytes, totalBytes }: PullProgress): void {
    const now = performance.now();
    // what was there already is no speed
    if (this.since === undefined || receivedBytes < this.since.bytes) this.since = { at: now, bytes: receivedBytes };
    if (now - this.shownAt < EVERY_MS && receivedBytes < totalBytes) return;
    this.shownAt = now;
    const seconds = (now - this.since.at) / 1000;
    const speed = seconds > 0 ? megabytes(receivedBytes - this.since.bytes) / seconds : 0;
    const note = `MB  ${speed.toFixed(1)} MB/s  ${repository} ${file}`;
    this.bar.show(Math.round(megabytes(receivedBytes)), Math.round(megabytes(totalBytes)), note);
  }

  clear(): void {
    this.bar.clear();
  }
}

const megabytes = (bytes: number): number => bytes / 1e6;
