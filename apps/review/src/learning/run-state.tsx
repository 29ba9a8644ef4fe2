import type { TrainingRun } from '@housestyle/contracts';
import { IconAlertTriangle, IconBan, IconCheck, IconClock, IconLoader2, IconMinus } from '@tabler/icons-react';
import { STATUS_WORDS } from './run-words';
import classes from './run-state.module.css';

const ICONS = {
  requested: IconClock,
  running: IconLoader2,
  promoted: IconCheck,
  refused: IconMinus,
  failed: IconAlertTriangle,
  cancelled: IconBan,
} as const;

/** A run's state as an icon and a word. */
export function RunState({ status }: Pick<TrainingRun, 'status'>) {
  const Icon = ICONS[status];
  return (
    <span className={classes.state} data-status={status}>
      <Icon size={15} stroke={2.2} aria-hidden />
      {STATUS_WORDS[status]}
    </span>
  );
}
