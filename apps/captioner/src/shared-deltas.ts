import { readDeltaMatrix, type MapperVersionFiles } from '@housestyle/clipcap';
import { elementCount, float32, MemoryWeights, type Tensor, type WeightSource } from '@housestyle/graph';
import type { MakeBlock, SharedBlock } from '@housestyle/runtime';

/** A mapper version but for a network of its own, which each thread compiles for itself. */
export interface VersionLayout {
  readonly config: unknown;
  readonly hasNetwork: boolean;
  readonly mapperDelta?: PlacedDelta;
  readonly decoderDelta?: PlacedDelta;
}

interface PlacedDelta {
  readonly label: string;
  readonly tensors: readonly PlacedTensor[];
}

interface PlacedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** in the block, in bytes */
  readonly offset: number;
}

/**
 * Puts a version's deltas into one piece of memory, half precision as fp32.
 * @throws DomainError `invalid_model` before anything is written: no number that is none ever lies there
 */
export async function shareDeltas(
  { config, weights, mapperDelta, decoderDelta }: MapperVersionFiles,
  take: Parameters<MakeBlock<VersionLayout>>[0],
): Promise<VersionLayout> {
  let bytes = 0;
  const filling: { readonly offset: number; readonly data: Float32Array }[] = [];
  const place = (delta: WeightSource): PlacedDelta => ({
    label: delta.label,
    tensors: delta.names().map((name) => {
      const { dims, data }: Tensor<'float32'> = readDeltaMatrix(delta, name);
      const offset = bytes;
      filling.push({ offset, data });
      bytes += data.byteLength;
      return { name, dims, offset };
    }),
  });
  const layout = {
    config,
    hasNetwork: weights !== undefined,
    ...(mapperDelta && { mapperDelta: place(mapperDelta) }),
    ...(decoderDelta && { decoderDelta: place(decoderDelta) }),
  };
  const buffer = await take(bytes);
  for (const { offset, data } of filling) new Float32Array(buffer, offset, data.length).set(data);
  return layout;
}

/** The same version with deltas that are read where they lie. @param weights of its own network, if it has one */
export function sharedVersion(
  { buffer, layout: { config, mapperDelta, decoderDelta } }: SharedBlock<VersionLayout>,
  weights: WeightSource | undefined,
): MapperVersionFiles {
  const inPlace = ({ label, tensors }: PlacedDelta) => {
    const placed = tensors.map(({ name, dims, offset }) => {
      const data = new Float32Array(buffer, offset, elementCount(dims));
      return [name, float32(data, dims)] as const;
    });
    return new MemoryWeights(label, new Map(placed));
  };
  return {
    config,
    ...(weights && { weights }),
    ...(mapperDelta && { mapperDelta: inPlace(mapperDelta) }),
    ...(decoderDelta && { decoderDelta: inPlace(decoderDelta) }),
  };
}
