import type { BaseModelFiles } from '@housestyle/clipcap';
import type { GraphRunner } from '@housestyle/graph';
import type { Adapt, AdaptationHooks, AdaptationInput } from '@housestyle/training';

export const STYLES: readonly string[];
export const TEST_FROM: number;
export const embeddings: readonly Float32Array[];
export const scenes: readonly { readonly place: string; readonly time: string }[];
export function textsOf(style: string): readonly { readonly text: string; readonly floors?: readonly string[] }[];
export function floorOf(style: string): number;
export function demoAdapt(): Promise<{ base: BaseModelFiles; runner: GraphRunner; adapt: Adapt }>;
export function contentPictures(): Promise<
  readonly { readonly embedding: Float32Array; readonly caption: string; readonly generated?: string }[]
>;
export function inputOf(texts: readonly string[], count: number, seed?: number): AdaptationInput;
export function unwatched(): AdaptationHooks;
