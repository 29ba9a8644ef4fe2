import type { SuggestionState } from '@housestyle/contracts';
import { IconCheck, IconPencil, IconX } from '@tabler/icons-react';
import classes from './state-mark.module.css';

const MARKS = {
  accepted: { Icon: IconCheck, label: 'Accepted' },
  corrected: { Icon: IconPencil, label: 'Corrected' },
  rejected: { Icon: IconX, label: 'Rejected' },
} as const;

/** The editor's mark on the print; nothing while nobody has decided. */
export function StateMark({ state }: { state: SuggestionState }) {
  if (state === 'pending') return null;
  const { Icon, label } = MARKS[state];
  return (
    <span className={classes.mark} data-state={state}>
      <Icon size={15} stroke={2.6} aria-hidden />
      {label}
    </span>
  );
}
