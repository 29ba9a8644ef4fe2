import { arithmeticGradients } from '../ops/arithmetic.js';
import { linearGradients } from '../ops/linear.js';
import { normalisationGradients } from '../ops/normalisation.js';
import { reductionGradients } from '../ops/reduction.js';
import { selectionGradients } from '../ops/selection.js';
import { shapeGradients } from '../ops/shape.js';
import type { GradientRules } from './gradient-rule.js';

/** Every operator that can be differentiated; each rule stands beside its operator. */
export const GRADIENT_RULES: GradientRules = {
  ...arithmeticGradients,
  ...linearGradients,
  ...normalisationGradients,
  ...reductionGradients,
  ...selectionGradients,
  ...shapeGradients,
};
