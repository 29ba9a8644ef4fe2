export { OnnxGraphRunner } from './onnx-graph-runner.js';
