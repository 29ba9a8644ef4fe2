import classes from './wordmark.module.css';

/** A print with a pencil line under it, and the name. */
export function Wordmark() {
  return (
    <span className={classes.wordmark}>
      <svg viewBox="0 0 28 28" width="26" height="26" aria-hidden>
        <rect x="2" y="3" width="24" height="16" rx="2.5" fill="currentColor" />
        <path d="M3 24.5c3.4-1.9 5.6 1.6 9 0s5.6-1.8 12-.5" className={classes.line} />
      </svg>
      Housestyle
    </span>
  );
}
