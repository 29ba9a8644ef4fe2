// The thread of give-way.spec.ts.
import { readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import path from 'node:path';
import { parentPort } from 'node:worker_threads';
import { giveWay } from '@housestyle/runtime';

giveWay();
parentPort.postMessage(getPriority(Number(path.basename(readlinkSync('/proc/thread-self')))));
