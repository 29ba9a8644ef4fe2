/**
 * Makes models/demo-ru, the demo base in Russian, from nothing but the demo's replay pictures:
 *
 *   node test/learning/russian/make-base.mjs FOLDER
 *
 * translates their captions, trains a tokenizer on them, draws a GPT-2 at random, lets `housestyle train --tune-gpt2`
 * train it together with a mapper, and packs both as half precision. CLIP stays the demo's own. What is unfinished in
 * FOLDER is gone on with.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openBaseModel, readFeatures, SafetensorsFile, writeFeatures, writeSafetensors } from '@housestyle/checkpoints';
import { CaptionEngine, Gpt2Tokenizer } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { Random } from '@housestyle/training';
import { trainBytePairs } from './byte-pairs.mjs';
import { toRussian } from './translate.mjs';

const ROOT = path.join(import.meta.dirname, '../../..');
const DEMO = path.join(ROOT, 'models/demo');
const RESULT = path.join(ROOT, 'models/demo-ru');
const END_OF_TEXT = '<|endoftext|>';
const VOCABULARY = 640;
const GPT2 = { n_embd: 80, n_head: 4, n_layer: 3, n_positions: 96 };
const TRAINING = { 'prefix-length': 8, 'batch-size': 32, 'warm-up': 0.05, lr: 0.002, epochs: 12, seed: 1 };
/** captions that the demo base gives for training, and how many at once. */
const [IMAGINED, BATCH] = [19_200, 64];
/** deviation; an embedding's is about 2.6. */
const NOISE = 0.3;
/** pictures that ship with the base for tenants' training to replay. */
const REPLAYED = 600;

const work = path.resolve(process.argv[2]);
mkdirSync(work, { recursive: true });
const replay = await readFeatures(path.join(DEMO, 'replay.safetensors'));
const captions = replay.captions.map(({ caption, row }) => ({ caption: toRussian(caption), row }));
const drawn = Random.of(TRAINING.seed, 2);
const features = path.join(work, 'features.safetensors');
const demo = await openBaseModel(DEMO);
const start = path.join(work, 'start');
if (!existsSync(start)) {
  await writeStart();
  await writeFeatures(features, await taughtFeatures());
}
const trained = path.join(work, 'demo-ru');
if (!existsSync(trained)) {
  const options = Object.entries(TRAINING).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const command = ['train', '--model', start, '--features', features, '--out', trained, '--tune-gpt2', ...options];
  const { status } = spawnSync('node', [path.join(ROOT, 'apps/cli/bin/housestyle.js'), ...command], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}
await pack();

/**
 * The replay pictures with their captions, and as many times more what lies between two of them, with what the demo
 * base says there: 3,000 pictures alone are learnt by heart.
 */
async function taughtFeatures() {
  const embeddings = [...replay.embeddings];
  const taught = [...captions];
  const engine = await CaptionEngine.load(demo, new OnnxGraphRunner({ threads: 1 }));
  for (let from = 0; from < IMAGINED; from += BATCH) {
    const imagined = Array.from({ length: BATCH }, () =>
      between(drawn.pick(replay.embeddings), drawn.pick(replay.embeddings)),
    );
    const outputs = await engine.caption(
      imagined.map((embedding) => ({ input: { embedding } })),
      { decode: 'greedy' },
    );
    outputs.forEach(({ hypotheses: [{ text }] }, n) => {
      const caption = translated(text);
      if (caption === undefined) return;
      taught.push({ caption, row: embeddings.length });
      embeddings.push(imagined[n]);
    });
  }
  await engine.release();
  console.log(`${taught.length} captions`);
  return { embeddings, captions: taught };
}

/** Rather the one than the other, and not quite either. */
function between(one, other) {
  const share = 0.55 + 0.45 * drawn.uniform();
  return one.map((value, n) => share * value + (1 - share) * other[n] + NOISE * drawn.normal());
}

/** undefined: the demo base said something that its grammar does not make. */
function translated(text) {
  try {
    return toRussian(text);
  } catch {
    return undefined;
  }
}

/** A base that has learned nothing: the demo's CLIP, a tokenizer of these captions, a GPT-2 and a mapper at random. */
async function writeStart() {
  const { vocab, merges } = trainBytePairs(
    captions.map(({ caption }) => caption),
    { size: VOCABULARY, specialToken: END_OF_TEXT },
  );
  const longest = Math.max(
    ...captions.map(({ caption }) => new Gpt2Tokenizer({ vocab, merges }).encode(caption).length),
  );
  console.log(`${Object.keys(vocab).length} tokens; the longest caption has ${longest}`);
  for (const folder of ['gpt2', 'mapper']) mkdirSync(path.join(start, folder), { recursive: true });
  cpSync(path.join(DEMO, 'clip'), path.join(start, 'clip'), { recursive: true });
  writeFileSync(path.join(start, 'gpt2/vocab.json'), `${JSON.stringify(vocab, undefined, 0)}\n`);
  writeFileSync(path.join(start, 'gpt2/merges.txt'), merges);
  const config = { ...demo.gpt2.config, ...GPT2, vocab_size: Object.keys(vocab).length };
  const end = { bos_token_id: vocab[END_OF_TEXT], eos_token_id: vocab[END_OF_TEXT] };
  writeFileSync(path.join(start, 'gpt2/config.json'), json({ ...config, ...end }));
  await writeSafetensors(path.join(start, 'gpt2/model.safetensors'), freshGpt2(config), { format: 'pt' });
  const mapper = new Map([
    ['clip_project.weight', tensor([GPT2.n_embd, 128], () => 0)],
    ['clip_project.bias', tensor([GPT2.n_embd], () => 0)],
  ]);
  const mapperConfig = { mapping_type: 'linear', prefix_length: 1, prefix_size: 128, normalize_prefix: false };
  writeFileSync(path.join(start, 'mapper/config.json'), json(mapperConfig));
  await writeSafetensors(path.join(start, 'mapper/model.safetensors'), mapper, { format: 'pt' });
}

/** As GPT-2 begins: weights of deviation 0.02, those that end in the residual stream less by the root of their number. */
function freshGpt2({ n_embd: C, n_layer: numLayers, n_positions: positions, vocab_size: V }) {
  const random = Random.of(TRAINING.seed, 1);
  const drawn = (deviation) => () => random.normal() * deviation;
  const [plain, residual] = [drawn(0.02), drawn(0.02 / Math.sqrt(2 * numLayers))];
  const [zero, one] = [() => 0, () => 1];
  const tensors = new Map([
    ['transformer.wte.weight', tensor([V, C], plain)],
    ['transformer.wpe.weight', tensor([positions, C], plain)],
  ]);
  const norm = (name) => {
    tensors.set(`transformer.${name}.weight`, tensor([C], one));
    tensors.set(`transformer.${name}.bias`, tensor([C], zero));
  };
  const linear = (name, input, output, value) => {
    tensors.set(`transformer.${name}.weight`, tensor([input, output], value));
    tensors.set(`transformer.${name}.bias`, tensor([output], zero));
  };
  for (let layer = 0; layer < numLayers; layer++) {
    norm(`h.${layer}.ln_1`);
    linear(`h.${layer}.attn.c_attn`, C, 3 * C, plain);
    linear(`h.${layer}.attn.c_proj`, C, C, residual);
    norm(`h.${layer}.ln_2`);
    linear(`h.${layer}.mlp.c_fc`, C, 4 * C, plain);
    linear(`h.${layer}.mlp.c_proj`, 4 * C, C, residual);
  }
  norm('ln_f');
  return tensors;
}

/** What was trained, as it ships: half precision, CLIP by reference, replay pictures. */
async function pack() {
  for (const part of ['gpt2', 'mapper']) rmSync(path.join(RESULT, part), { recursive: true, force: true });
  for (const folder of ['gpt2', 'mapper']) mkdirSync(path.join(RESULT, folder), { recursive: true });
  for (const file of ['gpt2/config.json', 'gpt2/vocab.json', 'gpt2/merges.txt', 'mapper/config.json']) {
    writeFileSync(path.join(RESULT, file), readFileSync(path.join(trained, file)));
  }
  for (const file of ['gpt2/model.safetensors', 'mapper/model.safetensors']) {
    await writeHalves(path.join(trained, file), path.join(RESULT, file));
  }
  const stride = replay.captions.length / REPLAYED;
  const chosen = Array.from({ length: REPLAYED }, (_, n) => captions[Math.floor(n * stride)]);
  await writeFeatures(path.join(RESULT, 'replay.safetensors'), {
    embeddings: chosen.map(({ row }) => replay.embeddings[row]),
    captions: chosen.map(({ caption }, row) => ({ caption, row })),
  });
  await writeHalves(path.join(RESULT, 'replay.safetensors'), path.join(RESULT, 'replay.safetensors'));
  const own = ['gpt2', 'mapper'].flatMap((folder) => filesOf(RESULT, folder));
  const hashes = [
    ...filesOf(DEMO, 'clip').map((file) => [file, sha256(path.join(DEMO, file))]),
    ...[...own, 'replay.jsonl', 'replay.safetensors'].map((file) => [file, sha256(path.join(RESULT, file))]),
  ];
  const manifest = {
    name: 'demo-ru',
    version: '1.0.0',
    licence: 'Apache-2.0',
    provenance:
      "The demo base in Russian: a tokenizer, a GPT-2 and an MLP mapper trained from nothing on translated captions of the demo's pictures; CLIP is the demo's. Knows nothing but that world.",
    clip_of: 'demo',
    files: Object.fromEntries(hashes),
  };
  writeFileSync(path.join(RESULT, 'housestyle.json'), json(manifest));
}

function filesOf(base, folder) {
  const names = Object.keys(JSON.parse(readFileSync(path.join(DEMO, 'housestyle.json'), 'utf8')).files);
  return names.filter((name) => name.startsWith(`${folder}/`) && existsSync(path.join(base, name)));
}

async function writeHalves(from, to) {
  const source = SafetensorsFile.open(from);
  const halves = source.names().map((name) => {
    const { dims, data } = source.tensor(name);
    return [name, { type: 'float16', dims, data: Uint16Array.from(data, halfOf) }];
  });
  await writeSafetensors(to, new Map(halves), { format: 'pt' });
}

/** The nearest half, ties to the even one; too large is infinite. */
function halfOf(value) {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const unit = 2 ** (exponent - 10);
  const steps = size / unit;
  const floor = Math.floor(steps);
  const isUp = steps - floor > 0.5 || (steps - floor === 0.5 && floor % 2 === 1);
  // a carry out of the fraction is the next exponent, as it should be
  return sign | (((exponent + 14) << 10) + floor + (isUp ? 1 : 0));
}

function tensor(dims, value) {
  const data = Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, value);
  return { type: 'float32', dims, data };
}

function json(value) {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
