import { Modal } from '@mantine/core';
import { wordsForError } from '../api/problem-words';
import { Button } from '../look/button';
import classes from './schedule-dialog.module.css';
import { useLearningActions } from './use-learning';

export interface PromotionTarget {
  readonly kind: 'promote' | 'rollback';
  /** a mapper version's, or `base` */
  readonly id: string;
  readonly name: string;
}

interface PromoteDialogProps {
  readonly target: PromotionTarget | undefined;
  /** the one that writes now */
  readonly champion: string;
  readonly onClose: () => void;
}

/** Says what will be different, and that it can be undone, before another version writes. */
export function PromoteDialog({ target, champion, onClose }: PromoteDialogProps) {
  const { promote } = useLearningActions();
  const close = () => {
    promote.reset();
    onClose();
  };
  const confirm = () => {
    if (target) promote.mutate(target.kind === 'rollback' ? 'rollback' : target, { onSuccess: close });
  };
  return (
    <Modal
      opened={target !== undefined}
      onClose={close}
      title={target?.kind === 'rollback' ? `Roll back to ${target.name}?` : `Let ${target?.name ?? ''} write?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={classes.form}>
        <p className={classes.said}>
          From the next picture on, {target?.name} writes the captions instead of {champion}. Captions that are there
          already stay as they are, and {champion} is kept: you can promote it again at any time.
        </p>
        {promote.error && <p role="alert">{wordsForError(promote.error)}</p>}
        <div className={classes.actions}>
          <Button look="pencil" disabled={promote.isPending} onClick={confirm}>
            {target?.kind === 'rollback' ? 'Roll back' : 'Promote'}
          </Button>
          <Button look="ghost" data-autofocus onClick={close}>
            Leave it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
