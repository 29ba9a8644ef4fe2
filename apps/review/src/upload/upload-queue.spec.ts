import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/client';
import type { AcceptedAsset } from '../api/send-file';
import { UploadQueue } from './upload-queue';

const file = (name: string) => new File(['bytes'], name);
const accepted = (id: string, status: AcceptedAsset['status'] = 'received') =>
  ({ id, status, isNew: true, error: null }) as AcceptedAsset;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue whose sends wait for the test to answer them. */
function heldQueue() {
  const sends: { name: string; answer(asset: AcceptedAsset): void; refuse(error: Error): void }[] = [];
  const queue = new UploadQueue(({ name }) => new Promise((answer, refuse) => sends.push({ name, answer, refuse })));
  const phases = () => queue.snapshot().map(({ phase }) => phase);
  return { queue, sends, phases };
}

describe('the upload queue', () => {
  it('sends three at a time and goes on as they land', async () => {
    const { queue, sends, phases } = heldQueue();
    queue.add(['a', 'b', 'c', 'd'].map(file));
    expect(phases()).toEqual(['sending', 'sending', 'sending', 'queued']);
    sends[0].answer(accepted('asset a'));
    await settled();
    expect(phases()).toEqual(['landed', 'sending', 'sending', 'sending']);
  });

  it('follows an asset to its caption, even when that comes before the answer', async () => {
    const { queue, sends, phases } = heldQueue();
    queue.add(['a', 'b'].map(file));
    queue.settle('asset a', { phase: 'captioned' });
    sends[0].answer(accepted('asset a'));
    sends[1].answer(accepted('asset b'));
    await settled();
    expect(phases()).toEqual(['captioned', 'landed']);
    queue.settle('asset b', { phase: 'failed', problem: { code: 'corrupt_image', message: 'it is torn' } });
    expect(queue.snapshot()[1]).toMatchObject({ phase: 'failed', canRetry: false, problem: { code: 'corrupt_image' } });
  });

  it('offers another try only where it may help', async () => {
    const { queue, sends, phases } = heldQueue();
    queue.add(['a', 'b'].map(file));
    sends[0].refuse(new ApiProblem('unreachable', 'no answer'));
    sends[1].refuse(new ApiProblem('payload_too_large', 'too large'));
    await settled();
    expect(queue.snapshot().map(({ canRetry }) => canRetry)).toEqual([true, false]);
    queue.retry(1);
    expect(phases()).toEqual(['sending', 'failed']);
    expect(sends.map(({ name }) => name)).toEqual(['a', 'b', 'a']);
  });

  it('forgets what is finished', async () => {
    const { queue, sends } = heldQueue();
    queue.add(['a', 'b'].map(file));
    sends[0].answer(accepted('asset a', 'captioned'));
    await settled();
    queue.clearFinished();
    expect(queue.snapshot().map(({ name }) => name)).toEqual(['b']);
  });
});
