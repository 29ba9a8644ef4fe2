// The worker of worker-pool.spec.ts: real threads run built code.
import { setImmediate } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { DomainError } from '@housestyle/domain';
import { serveWorker } from '@housestyle/runtime';

if (workerData?.isBroken && Atomics.load(new Int32Array(workerData.isBroken), 0) === 1)
  throw new Error('broken for now');
if (workerData?.crashOnStart) throw new Error('broken from the start');

const met = [];

await serveWorker(async (data, shared) => {
  if (data?.refuseToStart) throw new DomainError('invalid_model', 'no model here');
  return {
    async handle(request, signal) {
      switch (request.do) {
        case 'double': {
          const doubled = Float32Array.from(request.values, (value) => value * 2);
          return { response: doubled, transfer: [doubled.buffer] };
        }
        case 'block':
          Atomics.wait(new Int32Array(request.gate), 0, 0);
          return { response: 'released' };
        case 'meet':
          met.push(request.name);
          while (met.length < request.count) await setImmediate();
          return { response: [...met] };
        case 'share': {
          const coming = shared.get(request.key, (take) => make(request, take));
          if (request.asked) Atomics.add(new Int32Array(request.asked), 0, 1);
          const { buffer, layout } = await coming;
          const bytes = new Uint8Array(buffer);
          if (request.write !== undefined) bytes[0] = request.write;
          return { response: { value: bytes[0], size: bytes.length, layout } };
        }
        case 'leave':
          return { response: shared.leave(request.key) };
        case 'wait':
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          return { response: 'cancelled' };
        case 'fail':
          throw new DomainError('mapper_mismatch', 'does not fit');
        case 'crash':
          process.nextTick(() => {
            throw new Error('out of luck');
          });
          return new Promise(() => undefined);
        case 'exit':
          return process.exit(3);
        default:
          return { response: request };
      }
    },
  };
});

/** A block that says what it was made for; waits for `gate`. The first of those who count themselves in `makers` does as `first` says. */
async function make({ gate, makers, first, layout, size = 8 }, take) {
  if (gate) await Atomics.waitAsync(new Int32Array(gate), 0, 0).value;
  await take(size);
  const isFirst = makers && Atomics.add(new Int32Array(makers), 0, 1) === 0;
  if (isFirst && first === 'exit') process.exit(3);
  if (isFirst && first === 'fail') throw new DomainError('corrupt_checkpoint', `not made for ${layout}`);
  return layout;
}
