import type { Session, StreamEvent } from '@housestyle/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { FailedAssets, FAILURES_KEY } from '../failures/failed-assets';
import { LearningPlace } from '../learning/learning-place';
import { LiveEvents, useOnLiveEvent } from '../live/live-events';
import { useLiveConnection } from '../live/use-live-connection';
import { useSessionRefresh } from '../live/use-session-refresh';
import { useRoute } from '../navigation/use-route';
import { DropTarget } from '../upload/drop-target';
import { UploadTray } from '../upload/upload-tray';
import { useUploads } from '../upload/use-uploads';
import classes from './desk.module.css';
import { ReviewDesk } from './review-desk';
import { ShortcutsHelp } from './shortcuts-help';
import { TopBar } from './top-bar';
import { usePageTitle } from './use-page-title';
import { viewFromHash } from './view';
import { ViewBar } from './view-bar';

/** The page of a signed-in editor: bars, one place, and the uploads in the corner. */
export function Desk({ session }: { session: Session }) {
  const client = useQueryClient();
  const route = useRoute();
  const view = viewFromHash(useSyncExternalStore(onHashChange, () => window.location.hash));
  const [events] = useState(() => new LiveEvents());
  const refreshSession = useSessionRefresh();
  const connection = useLiveConnection(events, refreshSession);
  const { queue, uploads } = useUploads();
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  usePageTitle(route.place === 'desk', session.counts.suggestions.pending);
  const canUpload = session.scopes.includes('upload');

  useOnLiveEvent(events, (event: StreamEvent) => {
    refreshSession();
    if (event.type === 'suggestion.created') queue.settle(event.data.asset.id, { phase: 'captioned' });
    if (event.type === 'asset.failed') {
      const { id, error } = event.data;
      queue.settle(id, { phase: 'failed', ...(error ? { problem: error } : {}) });
      void client.invalidateQueries({ queryKey: FAILURES_KEY });
    }
  });

  return (
    <>
      <TopBar
        place={route.place}
        session={session}
        connection={connection}
        onFiles={(files) => queue.add(files)}
        onHelp={() => setIsHelpOpen(true)}
      />
      {route.place !== 'desk' ? (
        <LearningPlace route={route} session={session} events={events} />
      ) : view === 'failed' ? (
        <>
          <ViewBar view={view} counts={session.counts} />
          <main className={classes.main}>
            <FailedAssets />
          </main>
        </>
      ) : (
        <ReviewDesk
          key={view}
          filter={view}
          session={session}
          events={events}
          areKeysOn={!isHelpOpen}
          onHelp={() => setIsHelpOpen(true)}
        />
      )}
      {canUpload && <DropTarget onFiles={(files) => queue.add(files)} />}
      <UploadTray uploads={uploads} queue={queue} />
      <ShortcutsHelp isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
    </>
  );
}

function onHashChange(listener: () => void): () => void {
  // a link to another place changes the hash without saying so
  const types = ['hashchange', 'popstate'] as const;
  for (const type of types) window.addEventListener(type, listener);
  return () => types.forEach((type) => window.removeEventListener(type, listener));
}
