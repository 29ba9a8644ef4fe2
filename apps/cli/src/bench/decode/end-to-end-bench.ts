import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GraphRunner } from '@housestyle/graph';
import type { BenchModel } from '../bench-model.js';
import { ENCODE_STAGES, EncodeBench } from '../encode/encode-bench.js';
import { madeUpPictures, sizeOf } from '../synthetic/made-up-pictures.js';
import { DecodeBench, type BenchLoad, type DecodeRun } from './decode-bench.js';
import type { DecodeCase } from './decode-cases.js';

/** From 640 × 480 JPEG files to captions: everything but the network. */
export class EndToEndBench {
  private constructor(
    private readonly encode: EncodeBench,
    private readonly decode: DecodeBench,
    private readonly files: readonly Uint8Array[],
  ) {}

  /** The pictures stay beside the weights, so that another program can take them too. */
  static async load(
    model: BenchModel,
    runner: GraphRunner,
    { weights, ...load }: BenchLoad & { readonly weights: string },
  ): Promise<EndToEndBench> {
    const files = await madeUpPictures(Math.max(...load.cases.map(({ batch }) => batch)), sizeOf(0.3));
    for (const [n, file] of files.entries()) await writeFile(join(weights, `picture-${n}.jpg`), file);
    const decode = await DecodeBench.load(model, runner, load);
    return new EndToEndBench(await EncodeBench.load(model, runner, load.precision), decode, files);
  }

  get config() {
    return this.decode.config;
  }

  get prefixes() {
    return this.decode.prefixes;
  }

  async run(decodeCase: DecodeCase): Promise<DecodeRun> {
    const { stages, prefixes } = await this.encode.run(this.files.slice(0, decodeCase.batch));
    const { captions, ...decoded } = await this.decode.decode(prefixes, decodeCase);
    const parts = [...ENCODE_STAGES.map((stage) => stages[stage]), decoded];
    const sum = (figure: 'wallMs' | 'cpuMs') => parts.reduce((total, part) => total + part[figure], 0);
    return { wallMs: sum('wallMs'), cpuMs: sum('cpuMs'), captions };
  }

  async release(): Promise<void> {
    await this.encode.release();
    await this.decode.release();
  }
}
