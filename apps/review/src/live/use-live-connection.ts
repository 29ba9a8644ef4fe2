import { useEffect, useState } from 'react';
import { openEventStream, type Connection } from '../api/event-stream';
import type { LiveEvents } from './live-events';

/** Feeds `events` from the tenant's stream while this is mounted, and says how the line is. */
export function useLiveConnection(events: LiveEvents): Connection {
  const [connection, setConnection] = useState<Connection>('reconnecting');
  useEffect(() => openEventStream({ onEvent: (event) => events.emit(event), onConnection: setConnection }), [events]);
  return connection;
}
