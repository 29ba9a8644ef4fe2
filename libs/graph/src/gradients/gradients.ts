import type { FloatValue, GraphBuilder, GraphNode, Value } from '../graph-builder.js';
import { add } from '../ops/arithmetic.js';
import { BackwardStep, type GradientRule } from './gradient-rule.js';
import { GRADIENT_RULES } from './gradient-rules.js';

/**
 * Reverse-mode differentiation: emits, into the graph itself, the gradients of the scalar `loss` by each of `wanted`,
 * in that order and of their shapes. Nothing is emitted that no wanted gradient needs.
 * @throws Error naming the operator that has no rule, or the value that the loss does not depend on.
 */
export function gradients(g: GraphBuilder, loss: FloatValue, wanted: readonly FloatValue[]): FloatValue[] {
  const forward = [...g.nodes];
  const leads = dependents(forward, wanted);
  const found = new Map<Value, FloatValue>([[loss, g.float(1)]]);
  for (const node of forward.reverse()) {
    const outputGradients = node.outputs.map((output) => found.get(output));
    if (!outputGradients.some(Boolean) || !node.outputs.some((output) => leads.has(output))) continue;
    const { inputs, rule } = g.compositeOf(node.outputs[0]!) ?? { inputs: node.inputs, rule: ruleOf(g, node) };
    const rules = rule(new BackwardStep(g, { ...node, inputs }, outputGradients));
    inputs.forEach((input, index) => {
      if (!input || !leads.has(input)) return;
      const emit = rules[index];
      if (!emit) throw new Error(`graph ${g.name}: ${node.opType} has no gradient by its input ${index}`);
      const before = found.get(input);
      const gradient = before ? add(g, before, emit()) : emit();
      found.set(input, input.dims ? g.sized(gradient, input.dims) : gradient);
    });
  }
  return wanted.map((value) => {
    const gradient = found.get(value);
    if (!gradient) throw new Error(`graph ${g.name}: the loss does not depend on ${g.nameOf(value)}`);
    return gradient;
  });
}

/** `wanted` and every float that depends on one of them. */
function dependents(forward: readonly GraphNode[], wanted: readonly Value[]): ReadonlySet<Value> {
  const leads = new Set<Value>(wanted);
  for (const { inputs, outputs } of forward) {
    if (!inputs.some((input) => input && leads.has(input))) continue;
    for (const output of outputs) if (output.type === 'float32') leads.add(output);
  }
  return leads;
}

function ruleOf(g: GraphBuilder, { opType }: GraphNode): GradientRule {
  const rule = Object.hasOwn(GRADIENT_RULES, opType) ? GRADIENT_RULES[opType] : undefined;
  if (!rule) throw new Error(`graph ${g.name}: no gradient is known for the operator ${opType}`);
  return rule;
}
