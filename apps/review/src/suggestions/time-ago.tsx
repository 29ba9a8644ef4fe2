import { useSyncExternalStore } from 'react';

const TICK_MS = 30_000;
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/** “5 min. ago”, with the full date on hover; every one of them ticks together. */
export function TimeAgo({ at }: { at: string }) {
  const nowMs = useNowMs();
  const date = new Date(at);
  return (
    <time dateTime={at} title={absolute.format(date)}>
      {timeAgo(date.getTime() - nowMs)}
    </time>
  );
}

/** The time to half a minute; whoever shows it is drawn again when it moves on. */
export const useNowMs = (): number => useSyncExternalStore(subscribe, () => Math.floor(Date.now() / TICK_MS) * TICK_MS);

/** `differenceMs` is negative for the past. */
export function timeAgo(differenceMs: number): string {
  for (const [unit, ms] of UNITS) if (-differenceMs >= ms) return relative.format(Math.ceil(differenceMs / ms), unit);
  return 'just now';
}

function subscribe(onTick: () => void): () => void {
  const timer = window.setInterval(onTick, TICK_MS);
  return () => window.clearInterval(timer);
}
