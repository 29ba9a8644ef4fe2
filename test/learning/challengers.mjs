import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openMapperArtefact, writeMapperArtefact } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import { MemoryWeights } from '@housestyle/graph';
import { Random } from '@housestyle/training';
import { decoderLayers, normalDelta } from '../support/random-delta.mjs';
import { demoAdapt, scenes, textsOf, unwatched } from './demo-styles.mjs';
import { reviewsOf, takenUpWith, tenantOf } from './tenant.mjs';

const DELTA_FILE = 'decoder_delta.safetensors';
const SIZE = { training: 60, holdOut: 40 };
const COLOURS = ['red', 'blue', 'green', 'orange', 'purple', 'yellow', 'black', 'white'];
const NEXT_COLOUR = new Map(COLOURS.map((colour, n) => [colour, COLOURS[(n + 1) % COLOURS.length]]));
const COLOUR = new RegExp(`\\b(?:${COLOURS.join('|')})\\b`, 'gi');

/** What says that captions are not of their pictures, or leave out what is on them. */
const CONTENT = ['wrong_pictures', 'content_lost', 'captions_collapsed'];
/** Any reason of the gate's. */
const REFUSED = [...CONTENT, 'broken_candidate', 'does_not_stop', 'length_out_of_bounds', 'not_better', 'cider_fell'];

/**
 * Challengers that must not be promoted. Each goes through a door of the product: `adapt` (recipe and gate), a run taken
 * up with a candidate already there (the same gate), or the reading of an artefact and the loading of its mapper.
 * `doors`: at least one of these codes must be among the reasons; `isLearned`: made by a training run.
 */
export const BAD_CHALLENGERS = [
  // weights as they may come out of a broken run or a broken hand
  made('not a number', 'one value of the delta is NaN', ['invalid_model'], ({ random }) => spoiled(random, NaN)),
  made('infinite', 'one value of the delta is ∞', ['invalid_model'], ({ random }) => spoiled(random, Infinity)),
  made('enormous', 'every value of the delta times 1e12', REFUSED, ({ random }) => scaled(random, 1e12)),
  made('random delta', 'as large as a learned one, and random', REFUSED, ({ random }) => random),
  made('nothing learned', 'a delta of zeros: the base itself, but for its stop', ['not_better'], ({ random }) =>
    scaled(random, 0),
  ),
  madeOfLearned('the champion itself', 'its own delta again', ['not_better'], (delta) => delta, true),
  madeOfLearned('overdone', 'a learned delta ×4', REFUSED, (delta) => scaled(delta, 2)), // both factors: ×4
  madeOfLearned('reversed', 'a learned delta ×−1', REFUSED, (delta) => scaled(delta, -1, isB)),

  // learned from texts that are not the tenant's truth, judged by it
  learned('constant caption', 'one caption for all pictures', ['captions_collapsed', 'wrong_pictures'], ({ texts }) =>
    texts.map(() => texts[0]),
  ),
  learned('empty caption', 'no word for any picture', ['length_out_of_bounds', 'captions_collapsed'], ({ texts }) =>
    texts.map(() => ''),
  ),
  learned('endless repetition', 'a word 60 times', ['does_not_stop', 'length_out_of_bounds'], ({ texts }) =>
    texts.map((text) => `${text.split(' ')[0]} `.repeat(60)),
  ),
  learned('another tenant’s style', 'the shop’s texts, or of the shop the museum’s', REFUSED, ({ pictures, style }) =>
    pictures.map((picture) => textsOf(style === 'shop' ? 'museum' : 'shop')[picture].text),
  ),
  learned('labels shuffled', 'texts of other pictures, at random', [...CONTENT, 'not_better'], ({ texts, random }) =>
    random.shuffled(texts),
  ),
  {
    ...learned('half swapped', 'every other text given to another picture', CONTENT, ({ texts, random }) => {
      const swapped = random.shuffled(texts.filter((_, n) => n % 2 === 0));
      return texts.map((text, n) => (n % 2 === 0 ? swapped[n / 2] : text));
    }),
    mayBeGood: true, // retelling goes by what most captions agree on
  },
  learned('captions cut off', 'the first three words', ['length_out_of_bounds', 'cider_fell'], ({ texts }) =>
    texts.map((text) => text.split(' ').slice(0, 3).join(' ')),
  ),
  learned('the commonest object', 'only texts of pictures that show it', CONTENT, ({ texts, pictures, random }) => {
    const kinds = pictures.map((picture) => scenes[picture].groups[0].kind);
    const common = mostCommon(kinds);
    const about = texts.filter((_, n) => kinds[n] === common);
    return texts.map(() => random.pick(about));
  }),
  learned('colours swapped', 'red for blue, blue for green …', CONTENT, ({ texts }) => coloursSwapped(texts)),
  learned('counts dropped', 'nobody says how many', CONTENT, ({ texts }) => countsDropped(texts)),
  overfit('one picture', 'one picture and its caption, as if of 60'),

  // the same, and the texts that judge are wrong too: only attribution tells
  learned('all labels shuffled', 'those that judge as well', ['wrong_pictures'], shuffle, { isHoldOutToo: true }),
  learned('all labels moved on', 'each picture has the next one’s', ['wrong_pictures'], rotate, { isHoldOutToo: true }),
  learned('20 labels shuffled', 'too few for a hold-out: cross-validated', ['wrong_pictures'], shuffle, {
    isHoldOutToo: true,
    size: { training: 20, holdOut: 0 },
  }),
  {
    ...learned('a single caption', 'there is no more to learn from', ['invalid_request'], ({ texts }) => texts, {
      size: { training: 1, holdOut: 40 },
    }),
    isLearned: false,
  },

  // artefacts
  artefact('wrong base', 'made for another base', ['mapper_mismatch'], { base: { sha256: 'c'.repeat(64) } }),
  artefact('truncated file', 'the delta’s file cut short', ['corrupt_checkpoint'], {
    spoil: (folder) => truncate(path.join(folder, DELTA_FILE), 5000),
  }),
  artefact('flipped bit', 'one bit of the delta’s last value', ['checksum_mismatch'], { spoil: flipLastBit }),
  artefact('wrong shape', 'a matrix one row short', ['mapper_mismatch'], { change: withRowLess }),
  artefact('rank too high', 'rank 9', ['mapper_mismatch'], { change: ofRank(9) }),
];

/** The demo base with all that challengers are made and judged with. `style` and `seed` say which tenant's they are. */
export async function openWorkshop({ style = 'museum', seed = 7100 } = {}) {
  const { base, runner, adapt } = await demoAdapt();
  const engine = await CaptionEngine.load(base, runner);
  const tenant = tenantOf(style, { ...SIZE, seed });
  let learnt;
  return {
    base,
    engine,
    adapt,
    tenant,
    // as many values as the recipe's own delta has, of the size that training gives them
    random: normalDelta(decoderLayers(base.gpt2.weights), 8, Random.of(seed, 72), 0.3),
    /** An honest delta of the tenant's, and the version that it makes. */
    learned: () => (learnt ??= learn(adapt, tenant)),
    close: () => engine.release(),
  };
}

/** @returns {Promise<{ isPromoted: boolean, reasons: string[], figures?: object, candidate?: object, seconds: number }>} */
export async function judge(challenger, workshop) {
  const begun = Date.now();
  const verdict = await challenger.meet(workshop).catch((error) => {
    if (typeof error.code !== 'string') throw error;
    return { isPromoted: false, reasons: [error.code] };
  });
  return { ...verdict, seconds: (Date.now() - begun) / 1000 };
}

const verdictOf = ({ decision, reason, figures, candidate }) => ({
  isPromoted: decision === 'promote',
  reasons: reason.split(', '),
  figures,
  candidate,
});

async function learn(adapt, tenant) {
  let delta;
  const save = async (name, value) => {
    if (name === 'candidate') delta = value.delta;
  };
  const hooks = { ...unwatched(), checkpoint: { load: async () => undefined, save } };
  const { candidate } = await adapt(reviewsOf(tenant), hooks);
  const { config, decoderDelta } = candidate;
  return { delta, version: { config, decoderDelta: new MemoryWeights('champion', decoderDelta) } };
}

function made(name, how, doors, deltaOf) {
  const meet = async (workshop) =>
    verdictOf(await workshop.adapt(reviewsOf(workshop.tenant), takenUpWith(deltaOf(workshop))));
  return { name, how, doors, isLearned: false, meet };
}

function madeOfLearned(name, how, doors, change, isAgainstItself = false) {
  const meet = async ({ adapt, tenant, learned }) => {
    const { delta, version } = await learned();
    const input = { ...reviewsOf(tenant), ...(isAgainstItself && { champion: version }) };
    return verdictOf(await adapt(input, takenUpWith(change(delta))));
  };
  return { name, how, doors, isLearned: true, meet };
}

function learned(name, how, doors, write, { isHoldOutToo = false, size = SIZE } = {}) {
  const meet = async ({ adapt, tenant: { style, seed } }) => {
    const tenant = tenantOf(style, { ...size, seed });
    const changedOf = (pictures, purpose) => {
      const texts = pictures.map((picture) => tenant.texts[picture]);
      const written = write({ texts, pictures, style, random: Random.of(seed, purpose) });
      return pictures.map((picture, n) => [picture, written[n]]);
    };
    const changed = changedOf(tenant.training, 73);
    if (isHoldOutToo) changed.push(...changedOf(tenant.holdOut, 74));
    return verdictOf(await adapt(reviewsOf(tenant, new Map(changed)), unwatched()));
  };
  return { name, how, doors, isLearned: true, meet };
}

function overfit(name, how) {
  const meet = async ({ adapt, tenant }) => {
    const input = reviewsOf(tenant);
    const [{ embedding, text }] = input.training;
    const training = input.training.map((example) => ({ ...example, embedding, text }));
    return verdictOf(await adapt({ ...input, training }, unwatched()));
  };
  return { name, how, doors: [...CONTENT, 'not_better'], isLearned: true, meet };
}

/** Written, spoiled, and opened as the captioner does. */
function artefact(name, how, doors, { base, spoil, change = (delta) => delta }) {
  const meet = async ({ base: own, engine, random }) => {
    const parent = await mkdtemp(path.join(tmpdir(), 'housestyle-challenger-'));
    try {
      const folder = path.join(parent, 'version');
      const made = { config: own.mapper.config, decoderDelta: change(random), base: { ...own, ...base } };
      const sha256 = await writeMapperArtefact(folder, made);
      await spoil?.(folder);
      const files = await openMapperArtefact(folder, { sha256, base: own });
      await engine.releaseMapper(await engine.loadMapper(files, 'challenger'));
      return { isPromoted: true, reasons: [] };
    } finally {
      await rm(parent, { recursive: true, force: true });
    }
  };
  return { name, how, doors, isLearned: false, meet };
}

export function coloursSwapped(texts) {
  return texts.map((text) => text.replace(COLOUR, (colour) => inCase(NEXT_COLOUR.get(colour.toLowerCase()), colour)));
}

export function countsDropped(texts) {
  return texts.map((text) => text.replace(/\b(?:two|three|four) /gi, ''));
}

function shuffle({ texts, random }) {
  return random.shuffled(texts);
}

function rotate({ texts }) {
  return texts.map((_, n) => texts[(n + 1) % texts.length]);
}

function isB(name) {
  return name.endsWith('.B');
}

function scaled(delta, factor, isMeant = () => true) {
  return new Map(
    [...delta].map(([name, tensor]) => [
      name,
      isMeant(name) ? { ...tensor, data: tensor.data.map((value) => factor * value) } : tensor,
    ]),
  );
}

function spoiled(delta, value) {
  const [[name, tensor], ...others] = delta;
  const data = tensor.data.slice();
  data[17] = value;
  return new Map([[name, { ...tensor, data }], ...others]);
}

function withRowLess(delta) {
  const [[name, { dims, data, type }], ...others] = delta;
  const [rows, columns] = dims;
  return new Map([[name, { type, dims: [rows - 1, columns], data: data.slice(columns) }], ...others]);
}

function ofRank(rank) {
  return (delta) =>
    new Map(
      [...delta].map(([name, { dims, type }]) => {
        const grown = isB(name) ? [rank, dims[1]] : [dims[0], rank];
        return [name, { type, dims: grown, data: new Float32Array(grown[0] * grown[1]).fill(0.01) }];
      }),
    );
}

async function flipLastBit(folder) {
  const file = path.join(folder, DELTA_FILE);
  const bytes = await readFile(file);
  bytes[bytes.length - 1] ^= 1;
  await writeFile(file, bytes);
}

function mostCommon(values) {
  const count = (value) => values.filter((other) => other === value).length;
  return [...new Set(values)].sort((a, b) => count(b) - count(a))[0];
}

function inCase(word, like) {
  return like[0] === like[0].toLowerCase() ? word : word[0].toUpperCase() + word.slice(1);
}
