import { countValues, mapperJsonOf, type ClipCapParts } from '@housestyle/checkpoints';
import type { MapperConfig } from '@housestyle/clipcap';
import { counted, grouped, seconds } from '../wording.js';

/**
 * Where a model's GPT-2 is from: the checkpoint; the plain one, which the checkpoint's equals or which stands in for one
 * that is not there. A mapper alone has none.
 */
export type DecoderOrigin = 'checkpoint' | 'equal' | 'plain' | 'none';

export interface ImportReport {
  readonly out: string;
  readonly parts: ClipCapParts;
  readonly mapper: MapperConfig;
  readonly decoder: DecoderOrigin;
  /** seconds */
  readonly took: number;
}

/** What was made, for people or, in one line, for programs. */
export function importLines(report: ImportReport, { json }: { readonly json: boolean }): string[] {
  const { out, parts, mapper, decoder, took } = report;
  const mapperValues = countValues(parts.mapper.shapes);
  const gpt2Values = parts.gpt2 ? countValues(parts.gpt2.shapes) : 0;
  const isOwn = decoder === 'checkpoint' || decoder === 'equal';
  const leftOut = parts.leftOut.length;
  if (json) {
    const mapperJson = { ...mapperJsonOf(mapper), parameters: mapperValues };
    const gpt2Json = { from: decoder, parameters: gpt2Values };
    return [JSON.stringify({ out, mapper: mapperJson, gpt2: gpt2Json, leftOut: parts.leftOut, seconds: took })];
  }
  const use =
    decoder === 'none' ? `housestyle caption --mapper ${out} photo.jpg` : `housestyle caption --model ${out} photo.jpg`;
  return [
    out,
    `mapper   ${sizesOf(mapper)}, ${mapper.isPrefixNormalized ? '' : 'not '}normalised; ${grouped(mapperValues)} values`,
    `GPT-2    ${ORIGINS[decoder]}${isOwn ? `; ${grouped(gpt2Values)} values` : ''}`,
    ...(leftOut > 0 ? [`left out ${counted(leftOut, 'attention mask')} of older transformers, no weights`] : []),
    `took     ${seconds(took)}`,
    `Try it:  ${use}`,
  ];
}

const ORIGINS: Readonly<Record<DecoderOrigin, string>> = {
  checkpoint: "the checkpoint's, tuned with the mapper",
  equal: 'the plain one, which the checkpoint repeats to the last bit',
  plain: 'the plain one; the checkpoint holds none',
  none: 'none: a mapper directory, for any base that it fits',
};

function sizesOf({ mappingType, prefixSize, prefixLength, decoderWidth, clipLength, numLayers }: MapperConfig): string {
  const ends = `embedding ${prefixSize} → prefix ${prefixLength} × ${decoderWidth}`;
  return mappingType === 'transformer'
    ? `transformer of ${numLayers} layers, clip length ${clipLength}, ${ends}`
    : `${mappingType}, ${ends}`;
}
