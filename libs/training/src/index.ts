export * from './adamw.js';
export * from './caption-batch.js';
export * from './caption-example.js';
export * from './dropout-feeds.js';
export * from './onnx-training-engine.js';
export * from './parameters.js';
export * from './random.js';
export * from './training-engine.js';
export { buildTrainingGraph, type DropoutInput, type TrainingGraph } from './training-graph.js';
