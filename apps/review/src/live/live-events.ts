import type { StreamEvent } from '@housestyle/contracts';
import { useEffect, useEffectEvent } from 'react';

/** Passes the one stream's events on to whoever is on the page. */
export class LiveEvents {
  private readonly listeners = new Set<(event: StreamEvent) => void>();

  emit(event: StreamEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  subscribe(listener: (event: StreamEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function useOnLiveEvent(events: LiveEvents, onEvent: (event: StreamEvent) => void): void {
  const handle = useEffectEvent(onEvent);
  useEffect(() => events.subscribe((event) => handle(event)), [events]);
}
