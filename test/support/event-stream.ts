import { waitFor } from './wait-for.js';

export interface ServerSentEvent {
  readonly type: string;
  readonly data: unknown;
}

/** The events of a `text/event-stream` answer as they come; comments and other fields are left out. */
export interface TestEventStream {
  readonly events: readonly ServerSentEvent[];
  readonly isEnded: boolean;
  /** resolves with the first `count` events of `type`, once they are there */
  of(type: string, count: number): Promise<ServerSentEvent[]>;
  close(): void;
}

export async function openEventStream(url: string, headers: Record<string, string>): Promise<TestEventStream> {
  const aborter = new AbortController();
  const response = await fetch(url, { headers, signal: aborter.signal });
  if (!response.ok || !response.body) throw new Error(`no stream: ${response.status}`);
  const events: ServerSentEvent[] = [];
  const state = { isEnded: false };
  void readEvents(response.body, events)
    .catch(() => undefined)
    .finally(() => (state.isEnded = true));
  return {
    events,
    get isEnded() {
      return state.isEnded;
    },
    of: (type, count) =>
      waitFor(`${count} events of type ${type}`, () => {
        const matching = events.filter((event) => event.type === type);
        return matching.length >= count && matching.slice(0, count);
      }),
    close: () => aborter.abort(),
  };
}

async function readEvents(body: ReadableStream<Uint8Array>, events: ServerSentEvent[]): Promise<void> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const type = field('event');
      if (type) events.push({ type, data: JSON.parse(field('data') ?? 'null') });
    }
  }
}
