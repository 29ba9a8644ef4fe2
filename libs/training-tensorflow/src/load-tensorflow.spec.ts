import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTensorFlow } from './load-tensorflow.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'housestyle-tensorflow-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts a package there that says what it is, in place of the gigabyte it stands for. */
function install(name: string, source: string): void {
  const home = path.join(folder, 'node_modules', name);
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
  writeFileSync(path.join(home, 'index.js'), source);
}

const backend = (name: string, isGPUPackage: boolean, isUsingGpuDevice: boolean): string =>
  `exports.name = '${name}'; exports.backend = () => (${JSON.stringify({ isGPUPackage, isUsingGpuDevice })});`;

const [GPU, CPU] = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

describe('loadTensorFlow', () => {
  it('says which packages there are when there is none', () => {
    expect(() => loadTensorFlow({ folder })).toThrow(expect.objectContaining({ code: 'device_unavailable' }));
    expect(() => loadTensorFlow({ folder })).toThrow(
      /not installed in .*npm install @tensorflow\/tfjs-node-gpu .*node for/,
    );
  });

  it('takes the GPU package where both are installed, else the other', () => {
    install(CPU, backend('cpu', false, false));
    expect(loadTensorFlow({ folder })).toMatchObject({ name: 'cpu' });
    install(GPU, backend('gpu', true, true));
    expect(loadTensorFlow({ folder })).toMatchObject({ name: 'gpu' });
  });

  it('does not compute on the CPU with the GPU package', () => {
    install(GPU, backend('gpu', true, false));
    install(CPU, backend('cpu', false, false));
    expect(() => loadTensorFlow({ folder })).toThrow(/tfjs-node-gpu finds no NVIDIA GPU; .*install @tensorflow\/tfjs-/);
  });

  it('says why an installed package does not load', () => {
    install(CPU, `throw new Error('tfjs_binding.node can not be found')`);
    expect(() => loadTensorFlow({ folder })).toThrow(/tfjs-node is installed but does not load: .*tfjs_binding/);
  });
});
