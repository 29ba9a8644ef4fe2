export * from './model-files.js';
