import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SafetensorsFile } from '@housestyle/checkpoints';
import { torchFile, type TorchTensorData } from './torch-file.js';

export const DEMO_FOLDER = fileURLToPath(new URL('../../models/demo', import.meta.url));

/** Every file of the demo base model, by its path, as a repository of the hub would have them. */
export async function demoFiles(folder = ''): Promise<Record<string, Buffer>> {
  const root = path.join(DEMO_FOLDER, folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [path.relative(root, file), await readFile(file)] as const)),
  );
}

/** The weights of a part of the demo, or in another folder, as PyTorch's own files have them, their names after `prefix`. */
export function torchTensors(part: string, prefix = ''): Map<string, TorchTensorData> {
  const weights = SafetensorsFile.open(path.resolve(DEMO_FOLDER, part, 'model.safetensors'));
  return new Map(
    weights.names().map((name) => {
      const { dims, data } = weights.tensor(name)!;
      const { storage, bytes } =
        data instanceof BigInt64Array
          ? { storage: 'LongStorage' as const, bytes: data }
          : { storage: 'FloatStorage' as const, bytes: data as Float32Array };
      return [prefix + name, { dims, storage, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) }];
    }),
  );
}

/**
 * The demo in the very layouts of the published models: CLIPModel with PyTorch's weights, GPT2LMHeadModel, and ClipCap's
 * own checkpoint, mapper and tuned GPT-2 in one file, buffers of old versions included.
 */
export async function publishedDemo(): Promise<Record<'clip' | 'gpt2' | 'weights', Record<string, Buffer>>> {
  const clip = await demoFiles('clip');
  delete clip['model.safetensors'];
  const gpt2 = torchTensors('gpt2', 'gpt.');
  return {
    clip: { ...clip, 'pytorch_model.bin': torchFile(torchTensors('clip')), 'README.md': Buffer.from('# CLIP\n') },
    gpt2: await demoFiles('gpt2'),
    weights: { 'coco_weights.pt': torchFile(new Map([...gpt2, ...torchTensors('mapper')])) },
  };
}
