import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hasSoftwareGpu } from './software-gpu.js';

/** A part of the machine some tests need. Absent: those tests are skipped, by this name and for this reason. */
export interface Requirement {
  readonly name: string;
  readonly isPresent: boolean;
  readonly reason: string;
}

/** Set (to `all`) where nothing may be skipped: an absent part then fails the run. */
const isEverythingRequired = process.env['HOUSESTYLE_REQUIRE'] === 'all';

function requirement(name: string, isPresent: boolean, reason: string): Requirement {
  if (!isPresent && isEverythingRequired) throw new Error(`${name} is required here but ${reason}`);
  return { name, isPresent, reason };
}

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const CHROMIUM_PATHS = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const chromiumPath = CHROMIUM_PATHS.find((path) => path !== undefined && existsSync(path));

export const requirements = {
  kafka: () => requirement('kafka', runs('java', '-version') && runs('mvn', '-v'), 'Java 17 or Maven is not installed'),
  chromium: () => requirement('chromium', chromiumPath !== undefined, 'no Chromium was found (set CHROMIUM_PATH)'),
  softwareGpu: () =>
    requirement('software GPU', hasSoftwareGpu, "Debian's Chromium with its Vulkan driver is not installed"),
  s3: () => requirement('s3', runs('java', '-version') && runs('mvn', '-v'), 'Java 17 or Maven is not installed'),
};
