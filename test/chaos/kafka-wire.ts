import type { WatchedConnection, WireWatcher } from './tcp-proxy.js';

/** The requests the harness tells apart, by the protocol's api key. */
export const KAFKA_API = { produce: 0, offsetCommit: 8 } as const;

export interface KafkaRequest {
  readonly apiKey: number;
  readonly correlationId: number;
  readonly bytes: Buffer;
}

export interface KafkaListener {
  /** False keeps the request from the broker. */
  onRequest?(request: KafkaRequest, connection: WatchedConnection): boolean;
  /** The broker has answered `request`; false keeps the answer from the client. */
  onResponse?(request: KafkaRequest, connection: WatchedConnection): boolean;
}

/**
 * Reads Kafka's framing off the wire: a 4-byte size, then api key, version and correlation id (2, 2, 4 bytes) in
 * requests, the correlation id in responses. So a process can be killed between a request and its answer, with no
 * failpoint in the product.
 */
export const watchKafka = (listeners: ReadonlySet<KafkaListener>): WireWatcher => ({
  open(connection) {
    const unanswered = new Map<number, KafkaRequest>();
    const requests = new Frames();
    const responses = new Frames();
    return {
      fromClient: (bytes) =>
        requests.split(bytes).filter((frame) => {
          const request = { apiKey: frame.readInt16BE(4), correlationId: frame.readInt32BE(8), bytes: frame };
          unanswered.set(request.correlationId, request);
          return all(listeners, (listener) => listener.onRequest?.(request, connection) ?? true);
        }),
      fromServer: (bytes) =>
        responses.split(bytes).filter((frame) => {
          const request = unanswered.get(frame.readInt32BE(4));
          if (!request) return true;
          unanswered.delete(request.correlationId);
          return all(listeners, (listener) => listener.onResponse?.(request, connection) ?? true);
        }),
    };
  },
});

/** Every listener is asked. */
const all = <T>(listeners: ReadonlySet<T>, isPassed: (listener: T) => boolean): boolean =>
  [...listeners].map(isPassed).every(Boolean);

/** Cuts a stream into frames of a big-endian size and its bytes, the size kept. */
class Frames {
  private rest = Buffer.alloc(0);

  split(bytes: Buffer): Buffer[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const frames: Buffer[] = [];
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readInt32BE(0)) {
      const length = 4 + this.rest.readInt32BE(0);
      frames.push(this.rest.subarray(0, length));
      this.rest = this.rest.subarray(length);
    }
    return frames;
  }
}
