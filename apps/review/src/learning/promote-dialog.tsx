import { Modal } from '@mantine/core';
import { ApiProblem } from '../api/client';
import { wordsForError } from '../api/problem-words';
import { Button } from '../look/button';
import { asSentence } from './run-words';
import classes from './schedule-dialog.module.css';
import { useLearningActions, type PromotionTarget } from './use-learning';

interface PromoteDialogProps {
  readonly target: PromotionTarget | undefined;
  readonly onClose: () => void;
}

/** Says what will be different, and that it can be undone, before another version writes. */
export function PromoteDialog({ target, onClose }: PromoteDialogProps) {
  const { promote } = useLearningActions();
  const champion = target?.champion.name;
  const conflict = promote.error instanceof ApiProblem && promote.error.code === 'conflict' ? promote.error : undefined;
  const close = () => {
    promote.reset();
    onClose();
  };
  const confirm = () => {
    if (target) promote.mutate(target, { onSuccess: close });
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
        {promote.error && <p role="alert">{conflict ? asSentence(conflict.message) : wordsForError(promote.error)}</p>}
        <div className={classes.actions}>
          <Button look="pencil" disabled={promote.isPending || conflict !== undefined} onClick={confirm}>
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
