import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Whether onnxruntime-node's CUDA libraries are installed: without them nothing can compute on `cuda`. */
export function areCudaLibrariesInstalled(): boolean {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const files = readdirSync(join(folder, 'bin'), { recursive: true, encoding: 'utf8' });
  return files.some((file) => file.includes('onnxruntime_providers_cuda'));
}
