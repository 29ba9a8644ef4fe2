import type { Suggestion } from '@housestyle/contracts';
import { Modal } from '@mantine/core';
import type { SuggestionActions } from './actions';
import { SuggestionDetail } from './suggestion-detail';

interface DetailDialogProps {
  readonly suggestion: Suggestion | undefined;
  readonly isOpen: boolean;
  readonly canReview: boolean;
  readonly actions: SuggestionActions;
  readonly onClose: () => void;
}

/** The large view. The desk's keys go on working in it: a decision brings up the next picture. */
export function DetailDialog({ suggestion, isOpen, canReview, actions, onClose }: DetailDialogProps) {
  return (
    <Modal
      opened={isOpen && suggestion !== undefined}
      onClose={onClose}
      size={1120}
      padding="lg"
      returnFocus={false}
      title={suggestion?.asset.assetId}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {suggestion && <SuggestionDetail suggestion={suggestion} canReview={canReview} actions={actions} isLarge />}
    </Modal>
  );
}
