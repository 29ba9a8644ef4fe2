import { useEffect, useState } from 'react';
import { openEventStream, type Connection } from '../api/event-stream';
import type { LiveEvents } from './live-events';

/** Feeds `events` from the tenant's stream while this is mounted, and says how the line is. */
export function useLiveConnection(events: LiveEvents, onRefused: () => void): Connection {
  const [connection, setConnection] = useState<Connection>('reconnecting');
  useEffect(() => {
    const onEvent = events.emit.bind(events);
    return openEventStream({ onEvent, onConnection: setConnection, onRefused });
  }, [events, onRefused]);
  return connection;
}
