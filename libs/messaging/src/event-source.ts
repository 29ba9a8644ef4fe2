import type { IncomingMessage } from './message.js';

/**
 * Handles consecutive messages of one partition, never none. What its end means is the whole contract of a source:
 *
 * - **It resolves**: every message is done with, for good. Only then may the position be committed, so whatever the
 *   messages stood for must be safe somewhere else by now (a committed row, a dead letter that the broker
 *   acknowledged). A position is never committed past a message whose handling did not resolve.
 * - **It rejects**: none of them is done with. The same messages come again after a pause, first to this handler,
 *   in this process; after a crash or a rebalance to whoever owns the partition then. Rejecting is for what waiting
 *   can cure (the database is away). A message that can never be handled must not cause it: it would block its
 *   partition for ever. Such messages go to a dead-letter topic, see `withDeadLetters`.
 *
 * Messages come at least once. A process that dies between the handler's commit and the position's sees them again,
 * and so may another after a rebalance while this one is still working: handling must be idempotent.
 */
export type BatchHandler = (messages: readonly IncomingMessage[]) => Promise<void>;

/** A stream of messages with a position that is kept for us. */
export interface EventSource {
  /** Resolves when `handler` will get what comes; rejects when the broker or a topic is not there. Once only. */
  start(handler: BatchHandler): Promise<void>;
  /** Lets the running handler call end, commits its position, leaves. Idempotent. */
  stop(): Promise<void>;
}
