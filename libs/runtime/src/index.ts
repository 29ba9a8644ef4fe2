export { DEVICES, type Device } from './device.js';
export { FairDispatcher, type FairDispatcherOptions, type Submission } from './fair-dispatcher.js';
export { giveWay } from './give-way.js';
export { OnnxGraphRunner, type OnnxGraphRunnerOptions } from './onnx-graph-runner.js';
export { operatorsLackingOn } from './operators-on-device.js';
export { serveWorker, type WorkerHandler, type WorkerReply } from './serve-worker.js';
export { runnersBeside, ThreadedGraphRunner } from './threaded-graph-runner.js';
export { WorkerPool, type WorkerPoolOptions } from './worker-pool.js';
