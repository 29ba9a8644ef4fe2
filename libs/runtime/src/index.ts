export { FairDispatcher, type FairDispatcherOptions, type Submission } from './fair-dispatcher.js';
export { DEVICES, OnnxGraphRunner, type Device, type OnnxGraphRunnerOptions } from './onnx-graph-runner.js';
export { serveWorker, type WorkerHandler, type WorkerReply } from './serve-worker.js';
export { WorkerPool, type WorkerPoolOptions } from './worker-pool.js';
