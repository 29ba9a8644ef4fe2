import type { Suggestion } from '@housestyle/contracts';
import { useEffect, useState } from 'react';
import { cardElementId } from '../suggestions/suggestion-card';

/**
 * Which card the editor is at, and whether it is being edited or seen large. Before anyone has chosen, it is the
 * first one. The focus follows: to the card, unless something inside it already has it or a dialog is open.
 */
export function useSelection(items: readonly Suggestion[]) {
  const [chosenId, setChosenId] = useState<string>();
  const [editingId, setEditingId] = useState<string>();
  const [isDetailOpen, setIsDetailOpen] = useState(false);

  useEffect(() => {
    if (chosenId === undefined || isDetailOpen) return;
    const card = document.getElementById(cardElementId(chosenId));
    if (!card) return;
    if (!card.contains(document.activeElement)) card.focus({ preventScroll: true });
    card.scrollIntoView({ block: 'nearest' });
  }, [chosenId, editingId, isDetailOpen]);

  const active = items.find(({ id }) => id === chosenId) ?? items[0];
  return { active, editingId, isDetailOpen, setChosenId, setEditingId, setIsDetailOpen };
}
