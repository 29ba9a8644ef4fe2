import { Tooltip } from '@mantine/core';
import classes from './confidence.module.css';

const UNSURE_BELOW = 0.5;

/** How sure the model was: a number and a small bar. `share` is 0–1. */
export function Confidence({ share }: { share: number }) {
  const percent = Math.round(share * 100);
  return (
    <Tooltip
      label={`How sure the model was of its own words: ${percent} %, the geometric mean of their probabilities. It says little about whether they are right; low values deserve a closer look.`}
    >
      <span
        className={classes.confidence}
        data-unsure={share < UNSURE_BELOW || undefined}
        role="img"
        aria-label={`Confidence ${percent} percent`}
      >
        <ConfidenceBar share={share} />
        <span className={classes.number}>{percent} %</span>
      </span>
    </Tooltip>
  );
}

export function ConfidenceBar({ share }: { share: number }) {
  return (
    <span className={classes.track} aria-hidden>
      <span className={classes.fill} style={{ width: `${Math.max(2, share * 100)}%` }} />
    </span>
  );
}
