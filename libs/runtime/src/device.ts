import { DomainError } from '@housestyle/domain';
import { GraphBuilder, op, type ElementType } from '@housestyle/graph';
import * as ort from 'onnxruntime-node';

/** Where graphs can run: `cuda` is an NVIDIA GPU, `webgpu` any GPU with a Vulkan, Metal or Direct3D driver. */
export const DEVICES = ['cpu', 'cuda', 'webgpu'] as const;
export type Device = (typeof DEVICES)[number];

/** @throws DomainError `device_unavailable` when not even the smallest graph can be computed there. */
export async function requireDevice(device: Device): Promise<void> {
  if (device === 'cpu') return;
  try {
    await doubleOn(device, 'float32');
  } catch (cause) {
    throw new DomainError('device_unavailable', `${device} is not there (${lastLine(cause)}); ${NEEDED[device]}`, {
      cause,
    });
  }
}

/** @throws DomainError `device_unavailable` when it is not there, or cannot compute in half precision. */
export async function requireHalfPrecision(device: Device): Promise<void> {
  try {
    await doubleOn(device, 'float16');
  } catch (cause) {
    await requireDevice(device);
    const what = `${device} does not compute in half precision here (${lastLine(cause)})`;
    throw new DomainError('device_unavailable', `${what}: choose precision fp32`, { cause });
  }
}

/** What a machine needs before its GPU is there, besides the GPU. */
const NEEDED: Readonly<Record<Exclude<Device, 'cpu'>, string>> = {
  cuda: 'install the NVIDIA driver, CUDA 12, cuDNN 9 and the CUDA libraries of onnxruntime-node (ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install)',
  webgpu: 'install a Vulkan driver for the GPU and its loader (libvulkan1)',
};

async function doubleOn(device: Device, type: ElementType): Promise<void> {
  const g = new GraphBuilder('probe');
  const x = op.cast(g, g.input('x', 'float32', [1]), type);
  g.output('y', op.cast(g, op.add(g, x, x), 'float32'), [1]);
  const options = { executionProviders: [device], logSeverityLevel: LOG_FATAL } as const;
  const session = await ort.InferenceSession.create(g.build().bytes, options);
  try {
    await session.run({ x: new ort.Tensor('float32', Float32Array.of(21), [1]) });
  } finally {
    await session.release();
  }
}

const LOG_FATAL = 4;

const lastLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).trim().split('\n').at(-1)!;
