/** The events on Kafka: their names, their data, and the AsyncAPI document made from both. Browser-safe. */
export * from './async-api.js';
export * from './event-types.js';
export * from './incoming-events.js';
export * from './outgoing-events.js';
export { isStorable } from './storable.js';
