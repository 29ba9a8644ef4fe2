import { STREAM_EVENT_SCHEMAS, type StreamEvent, type StreamEventType } from '@housestyle/contracts';

export type Connection = 'live' | 'reconnecting' | 'offline';

interface StreamListener {
  readonly onEvent: (event: StreamEvent) => void;
  readonly onConnection: (connection: Connection) => void;
  /** the server answered, but not with a stream: the session may have ended */
  readonly onRefused: () => void;
}

const STREAM_URL = '/v1/suggestions/stream';
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

/**
 * Keeps the tenant's event stream open until the returned function is called. The browser reconnects by itself after
 * a cut, but gives up for good on an error answer (a proxy's 502 while the api restarts): then this opens a new one.
 */
export function openEventStream({ onEvent, onConnection, onRefused }: StreamListener): () => void {
  let source: EventSource | undefined;
  let retryTimer: number | undefined;
  let retryMs = FIRST_RETRY_MS;

  const open = () => {
    window.clearTimeout(retryTimer);
    source?.close();
    source = new EventSource(STREAM_URL);
    for (const type of Object.keys(STREAM_EVENT_SCHEMAS) as StreamEventType[])
      source.addEventListener(type, (message: MessageEvent<string>) => {
        if (type === 'ready') {
          retryMs = FIRST_RETRY_MS;
          onConnection('live');
        }
        const event = parseEvent(type, message.data);
        if (event) onEvent(event);
      });
    source.onerror = () => {
      onConnection(navigator.onLine ? 'reconnecting' : 'offline');
      if (source?.readyState !== EventSource.CLOSED) return;
      onRefused();
      retryTimer = window.setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    };
  };
  const onOffline = () => onConnection('offline');

  window.addEventListener('online', open);
  window.addEventListener('offline', onOffline);
  open();
  return () => {
    window.removeEventListener('online', open);
    window.removeEventListener('offline', onOffline);
    window.clearTimeout(retryTimer);
    source?.close();
  };
}

/** An event this page is too old to understand is dropped: the next listing shows what it meant. */
function parseEvent(type: StreamEventType, data: string): StreamEvent | undefined {
  try {
    const parsed = STREAM_EVENT_SCHEMAS[type].safeParse(JSON.parse(data));
    return parsed.success ? ({ type, data: parsed.data } as StreamEvent) : undefined;
  } catch {
    return undefined;
  }
}
