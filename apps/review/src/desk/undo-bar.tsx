import type { Suggestion, SuggestionState } from '@housestyle/contracts';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Button } from '../look/button';
import classes from './undo-bar.module.css';

const DONE: Record<SuggestionState, string> = {
  accepted: 'Accepted',
  corrected: 'Corrected',
  rejected: 'Rejected',
  pending: 'Taken back',
};

const SHOWN_MS = 7_000;

/** The last decision, said aloud, with the way back; gone after a while, though the U key still works. */
export function UndoBar({ decided, onUndo }: { decided: Suggestion | undefined; onUndo: () => void }) {
  return (
    <div className={classes.place} role="status">
      {decided && <Decided key={`${decided.id} ${decided.state}`} decided={decided} onUndo={onUndo} />}
    </div>
  );
}

function Decided({ decided, onUndo }: { decided: Suggestion; onUndo: () => void }) {
  const [isShown, setIsShown] = useState(true);
  useEffect(() => {
    const timer = window.setTimeout(() => setIsShown(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, []);
  if (!isShown) return null;
  return (
    <div className={classes.bar}>
      <span>
        {DONE[decided.state]} <span className={classes.what}>{decided.asset.assetId}</span>
      </span>
      <Button look="ghost" className={classes.undo} onClick={onUndo}>
        <IconArrowBackUp size={16} aria-hidden /> Undo <kbd>U</kbd>
      </Button>
    </div>
  );
}
