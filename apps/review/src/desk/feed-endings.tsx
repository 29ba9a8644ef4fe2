import type { Session } from '@housestyle/contracts';
import { IconChecks, IconPhotoPlus, IconPlugConnectedX } from '@tabler/icons-react';
import { wordsForError } from '../api/problem-words';
import type { SuggestionFilter } from '../api/routes';
import { Button } from '../look/button';
import { FeedMessage } from '../suggestions/feed-states';
import { countOf } from './view';

const ICON = { size: 34, stroke: 1.4 };

export function EmptyFeed({ filter, counts }: { filter: SuggestionFilter; counts: Session['counts'] }) {
  if (countOf('all', counts) === 0)
    return (
      <FeedMessage icon={<IconPhotoPlus {...ICON} />} title="The desk is empty">
        {counts.assets.received > 0
          ? 'Pictures are being captioned; they appear here by themselves.'
          : 'Drop pictures anywhere on this page. Their captions appear here by themselves.'}
      </FeedMessage>
    );
  if (filter === 'pending')
    return (
      <FeedMessage icon={<IconChecks {...ICON} />} title="All caught up">
        New captions appear here by themselves.
      </FeedMessage>
    );
  return <FeedMessage icon={<IconChecks {...ICON} />} title={`Nothing ${filter} yet`} />;
}

export function FailedFeed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <FeedMessage icon={<IconPlugConnectedX {...ICON} />} title="The captions did not load" role="alert">
      {wordsForError(error)}
      <br />
      <Button onClick={onRetry}>Try again</Button>
    </FeedMessage>
  );
}
