export * from './captioner-client.js';
export * from './channel-security.js';
export * from './conversions.js';
export * from './grpc-status.js';
export * from './messages.js';
export * from './package-definition.js';
