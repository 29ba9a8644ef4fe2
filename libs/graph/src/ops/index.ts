export * from './arithmetic.js';
export * from './linear.js';
export * from './normalisation.js';
export * from './selection.js';
export * from './shape.js';
