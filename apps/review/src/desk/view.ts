import type { Session, SuggestionState } from '@housestyle/contracts';

/** What the desk shows; the part of the address after `#`. */
export const VIEWS = ['pending', 'accepted', 'corrected', 'rejected', 'all', 'failed'] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES: Record<View, string> = {
  pending: 'To review',
  accepted: 'Accepted',
  corrected: 'Corrected',
  rejected: 'Rejected',
  all: 'All',
  failed: 'Failed',
};

export const viewFromHash = (hash: string): View => VIEWS.find((view) => `#${view}` === hash) ?? 'pending';

export function countOf(view: View, { assets, suggestions }: Session['counts']): number {
  if (view === 'failed') return assets.failed;
  if (view !== 'all') return suggestions[view];
  return (Object.keys(suggestions) as SuggestionState[]).reduce((sum, state) => sum + suggestions[state], 0);
}
