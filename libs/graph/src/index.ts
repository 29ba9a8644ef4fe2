export {
  BackwardStep,
  once,
  type GradientRule,
  type GradientRules,
  type InputGradient,
} from './gradients/gradient-rule.js';
export * from './gradients/gradients.js';
export * from './float16.js';
export * from './give-back.js';
export * from './graph-builder.js';
export * from './graph-runner.js';
export type { Attribute, Attributes, Dim, OpDomain } from './onnx-proto.js';
export * as op from './ops/index.js';
export * from './tensor.js';
export * from './weights.js';
