import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import {
  captionerServiceDefinition,
  embeddingToBytes,
  MAX_MESSAGE_BYTES,
  type CaptionItem,
  type CaptionRequest,
  type CaptionResponse,
  type CaptionResult,
  type ListBaseModelsResponse,
} from '@housestyle/contracts/captioner';

/** of one side: a picture is 64 dots, black or white, that spell a number. */
export const ECHO_IMAGE_SIZE = 8;
export const ECHO_BASE_SHA256 = 'ec40'.repeat(16);

const DOTS = ECHO_IMAGE_SIZE ** 2;
const NUMBER_BITS = 32;

export interface EchoFaults {
  /** longest time an answer takes; answers to calls made together so come in any order */
  readonly maxDelayMs: number;
  /** every so many calls one fails as a whole, or is answered after `lateMs`; Infinity: never */
  readonly failsEvery: number;
  readonly isLateEvery: number;
  readonly lateMs: number;
  /** shares of items that are left out of an answer, or answered with an error */
  readonly leftOut: number;
  readonly failedItems: number;
}

export const NO_FAULTS: EchoFaults = {
  maxDelayMs: 0,
  failsEvery: Infinity,
  isLateEvery: Infinity,
  lateMs: 0,
  leftOut: 0,
  failedItems: 0,
};

export interface EchoCaptioner {
  readonly address: string;
  /** what it did so far */
  readonly counts: Record<'calls' | 'failedCalls' | 'lateCalls' | 'leftOut' | 'failedItems' | 'strays', number>;
  close(): void;
}

/** The caption that the picture of `number` gets from the mapper `mapperId`. */
export const echoCaption = (number: number, mapperId: string): string => `picture ${number} by ${mapperId}`;

/** A picture that spells `number`: [8, 8, 3] bytes, interleaved RGB. */
export function echoPixels(number: number): Buffer {
  const pixels = Buffer.alloc(DOTS * 3);
  for (let bit = 0; bit < NUMBER_BITS; bit++) {
    const isSet = Math.floor(number / 2 ** bit) % 2 === 1;
    // each bit by two dots of opposite colours: a picture of another size or with swapped rows spells no number
    pixels.fill(isSet ? 255 : 0, bit * 6, bit * 6 + 3);
    pixels.fill(isSet ? 0 : 255, bit * 6 + 3, bit * 6 + 6);
  }
  return pixels;
}

function numberIn(pixels: Uint8Array): number {
  let number = 0;
  for (let bit = 0; bit < NUMBER_BITS; bit++) {
    const [one, two] = [pixels[bit * 6]! > 127, pixels[bit * 6 + 3]! > 127];
    if (one === two || pixels.length !== DOTS * 3) throw new Error('the picture spells no number');
    if (one) number += 2 ** bit;
  }
  return number;
}

/**
 * A captioner that says which picture it was shown, from the picture alone, over real gRPC; late, in parts, out of order
 * and with errors, as its faults say. `random` decides, so that a seed repeats a run.
 */
export async function startEchoCaptioner(
  faults: EchoFaults = NO_FAULTS,
  random: () => number = Math.random,
): Promise<EchoCaptioner> {
  const counts = { calls: 0, failedCalls: 0, lateCalls: 0, leftOut: 0, failedItems: 0, strays: 0 };
  let previous: CaptionResult[] = [];
  const happens = (share: number, name: keyof typeof counts): boolean => {
    const does = random() < share;
    if (does) counts[name] += 1;
    return does;
  };

  const caption = (call: ServerUnaryCall<CaptionRequest, CaptionResponse>, done: sendUnaryData<CaptionResponse>) => {
    counts.calls += 1;
    const { baseModel, items } = call.request;
    if (counts.calls % faults.failsEvery === 0) {
      counts.failedCalls += 1;
      return done({ code: random() < 0.5 ? status.UNAVAILABLE : status.INTERNAL, details: 'as arranged' });
    }
    const results = items
      .filter(() => !happens(faults.leftOut, 'leftOut'))
      .map((item) => resultOf(item, happens(faults.failedItems, 'failedItems')));
    // words of another call, which nobody has asked for here
    const strays = faults.leftOut > 0 ? previous.slice(0, 2) : [];
    counts.strays += strays.length;
    previous = results;
    const isLate = counts.calls % faults.isLateEvery === 0;
    if (isLate) counts.lateCalls += 1;
    const answer = { baseModel, baseModelSha256: ECHO_BASE_SHA256, results: shuffled([...results, ...strays], random) };
    setTimeout(() => done(null, answer), isLate ? faults.lateMs : random() * faults.maxDelayMs);
  };

  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
  server.addService(captionerServiceDefinition().service, {
    caption,
    interpret: (_: unknown, done: sendUnaryData<never>) => done({ code: status.UNIMPLEMENTED }),
    listBaseModels: (_: unknown, done: sendUnaryData<ListBaseModelsResponse>) => done(null, { baseModels: [BASE] }),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { address: `127.0.0.1:${port}`, counts, close: () => server.forceShutdown() };
}

const BASE = {
  name: 'demo',
  version: '1',
  sha256: ECHO_BASE_SHA256,
  imageSize: ECHO_IMAGE_SIZE,
  embeddingSize: 2,
};

function resultOf({ id, pixels, mapper }: CaptionItem, isFailed: boolean): CaptionResult {
  const mapperId = mapper?.id ?? 'base';
  if (isFailed) {
    const failure = { code: 'internal', message: 'as arranged', isRetryable: true };
    return { id, status: failure, mapperId, embedding: null, hypotheses: [] };
  }
  const number = numberIn(pixels!.rgb);
  const embedding = embeddingToBytes(Float32Array.of(number % 65_536, Math.floor(number / 65_536)));
  return {
    id,
    status: { code: 'ok', message: '', isRetryable: false },
    mapperId,
    embedding: { values: embedding },
    hypotheses: [{ text: echoCaption(number, mapperId), score: -0.5, tokens: [13], isStopped: true }],
  };
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items;
}
