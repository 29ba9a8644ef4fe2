import { describe, expect, it } from 'vitest';
import { ReviewClock } from './review-clock';

describe('the review clock', () => {
  it('adds up the looks at one suggestion and leaves out the others', () => {
    let nowMs = 0;
    const clock = new ReviewClock(() => nowMs);
    clock.look('a');
    nowMs = 1_000;
    clock.look('b');
    nowMs = 5_000;
    clock.look('a');
    nowMs = 5_500;
    expect(clock.take('a')).toBe(1_500);
    expect(clock.take('b')).toBe(4_000);
  });

  it('stands still while the page is hidden', () => {
    let nowMs = 0;
    const clock = new ReviewClock(() => nowMs);
    clock.look('a');
    nowMs = 300;
    clock.pause();
    nowMs = 60_000;
    clock.resume();
    nowMs = 60_200;
    expect(clock.take('a')).toBe(500);
  });

  it('starts from zero once taken, and knows nothing of what was never looked at', () => {
    let nowMs = 0;
    const clock = new ReviewClock(() => nowMs);
    clock.look('a');
    nowMs = 800;
    expect(clock.take('a')).toBe(800);
    nowMs = 900;
    expect(clock.take('a')).toBe(100);
    expect(clock.take('z')).toBeUndefined();
  });
});
