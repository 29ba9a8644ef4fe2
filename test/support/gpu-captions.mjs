// Prints, as JSON, what the demo model says of golden embeddings and of a picture on WebGPU, and how it refuses what it
// cannot compute. Run by test/parity/webgpu.spec.ts.
import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';

const [model, given] = process.argv.slice(2);
const { device, rows, generation } = JSON.parse(given);
const base = await openBaseModel(model);
const runner = new OnnxGraphRunner({ device, threads: 1 });

const engine = await CaptionEngine.load(base, runner);
const pixels = Uint8Array.from({ length: engine.imageSize ** 2 * 3 }, (_, n) => (Math.floor(n / 97) * 31) % 256);
const inputs = [{ pixels }, ...rows.map((row) => ({ embedding: Float32Array.from(row) }))];
const outputs = await engine.caption(
  inputs.map((input) => ({ input })),
  generation,
);
const refusals = {};
for (const precision of ['int8', 'fp16']) {
  refusals[precision] = await CaptionEngine.load(base, runner, { precision }).then(
    () => 'none',
    ({ code, message }) => `${code}: ${message}`,
  );
}
process.stdout.write(
  JSON.stringify({
    embedding: [...outputs[0].embedding],
    hypotheses: outputs.flatMap(({ hypotheses }) => hypotheses),
    refusals,
  }),
);
process.exit(0);
