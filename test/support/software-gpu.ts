import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where Debian's Chromium keeps the Vulkan driver that computes on the CPU (SwiftShader), and the loader for it. */
const CHROMIUM = '/usr/lib/chromium';
const DRIVER = join(CHROMIUM, 'vk_swiftshader_icd.json');

export const hasSoftwareGpu = [DRIVER, join(CHROMIUM, 'libvulkan.so.1')].every((file) => existsSync(file));

/** What the script beside this file prints on standard output, run where WebGPU finds that driver. */
export async function onSoftwareGpu(script: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), script), ...args], {
    // the loader is found by this path only if it is set before the process starts
    env: { ...process.env, LD_LIBRARY_PATH: CHROMIUM, VK_DRIVER_FILES: DRIVER, VK_ICD_FILENAMES: DRIVER },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject).once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${errors.join('').slice(-2000)}`);
  return output.join('');
}
