export type { TensorFlowPlace } from './load-tensorflow.js';
export * from './tensorflow-training-engine.js';
