import type { OutgoingMessage } from './message.js';

/**
 * Where messages are published. `publish` resolves when every replica that must have them has them; when it rejects,
 * any part of them may have been written, so the caller publishes all of them again: at least once.
 */
export interface EventSink {
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}

/** A message is larger than its topic allows: publishing it again cannot help. Which one it was is not told. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError';
}
