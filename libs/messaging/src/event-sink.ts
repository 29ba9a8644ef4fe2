import type { OutgoingMessage } from './message.js';

/**
 * Where messages are published. `publish` resolves when every replica that must have them has them; when it rejects,
 * any part of them may have been written, so the caller publishes all of them again: at least once.
 */
export interface EventSink {
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}
