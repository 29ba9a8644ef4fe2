export * from './arithmetic.js';
export * from './cross-entropy.js';
export * from './linear.js';
export * from './normalisation.js';
export * from './quantisation.js';
export * from './reduction.js';
export * from './selection.js';
export * from './shape.js';
