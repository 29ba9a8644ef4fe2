import { writeBaseModel, writeMapperArtefact, type BaseModelDescription, type Features } from '@housestyle/checkpoints';
import { readWeight, requireWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import type { TrainingPlan } from './training-plan.js';
import { tunesGpt2, type RecipeOptions } from './training-recipe.js';
import { counted } from '../wording.js';

/** Writes the mapper, or the model where GPT-2 was tuned with it. */
export async function writeResult(
  from: string,
  description: BaseModelDescription,
  features: Features,
  { config, parameters, model }: TrainingPlan,
  options: RecipeOptions & { readonly out: string },
): Promise<void> {
  const { out } = options;
  const tensors = new Map([...parameters].filter(([name]) => name.startsWith('clip_project.')));
  if (!tunesGpt2(options)) {
    await writeMapperArtefact(out, { config, tensors, base: description });
    return;
  }
  const { name, version, licence } = description;
  await writeBaseModel(out, {
    from,
    gpt2: new Map([...allOf(model.gpt2.weights), ...[...parameters].filter(([each]) => !tensors.has(each))]),
    mapper: { config, tensors },
    provenance: `GPT-2 and mapper trained by \`housestyle train\` on ${counted(features.captions.length, 'caption')}; CLIP, tokenizers and GPT-2's start are ${name} ${version}'s`,
    ...(licence !== undefined && { licence }),
    replay: someOf(features),
  });
}

const allOf = (weights: WeightSource): [string, Tensor<'float32'>][] =>
  weights.names().map((name) => {
    const { dims } = requireWeight(weights, name);
    return [name, { type: 'float32', dims, data: readWeight(weights, name) }];
  });

/** Evenly out of all, as many as a base ships for tenants' training to replay. */
function someOf({ captions, embeddings, clipSha256 }: Features): Features {
  const stride = Math.max(1, captions.length / REPLAYED);
  const chosen = Array.from(
    { length: Math.min(REPLAYED, captions.length) },
    (_, n) => captions[Math.floor(n * stride)]!,
  );
  return {
    ...(clipSha256 !== undefined && { clipSha256 }),
    embeddings: chosen.map(({ row }) => embeddings[row]!),
    captions: chosen.map(({ caption }, row) => ({ caption, row })),
  };
}

const REPLAYED = 800;
