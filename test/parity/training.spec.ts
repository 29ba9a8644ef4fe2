import { OnnxGraphRunner } from '@housestyle/runtime';
import { OnnxTrainingEngine } from '@housestyle/training';
import { describeReferenceRuns } from './training-reference.js';

describeReferenceRuns(() => new OnnxTrainingEngine(new OnnxGraphRunner({ threads: 1 })));
