import type { ElementType, GraphModel } from '@housestyle/graph';
import * as ort from 'onnxruntime-node';
import type { Device } from './device.js';

const known = new Map<string, Promise<boolean>>();

/**
 * The graph's operators that the device has no kernel for, by name. Each kind is asked for alone, in a session that may
 * not use the CPU: a session of the whole graph would be refused anyway, for runtimes compute shapes on the CPU on purpose.
 * Operators on integers only, which is what shapes are made of, are not asked for.
 */
export async function operatorsLackingOn(device: Device, { operators }: GraphModel): Promise<string[]> {
  const lacking = new Set<string>();
  for (const { opType, types, bytes } of operators?.() ?? []) {
    if (!types.some((type) => COMPUTED.includes(type))) continue;
    const key = [device, opType, ...types].join();
    const answer = known.get(key) ?? has(device, bytes);
    known.set(key, answer);
    if (!(await answer)) lacking.add(opType);
  }
  return [...lacking];
}

const COMPUTED: readonly ElementType[] = ['float32', 'float16', 'int8', 'uint8'];

async function has(device: Device, bytes: Uint8Array): Promise<boolean> {
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [device],
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: LOG_FATAL,
      extra: { session: { disable_cpu_ep_fallback: '1' } },
    });
    await session.release();
    return true;
  } catch (cause) {
    // Whatever else is wrong will show when the graph itself is loaded.
    return !(cause instanceof Error && FALLBACK.test(cause.message));
  }
}

const LOG_FATAL = 4;
const FALLBACK = /fallback to CPU EP has been explicitly disabled/;
