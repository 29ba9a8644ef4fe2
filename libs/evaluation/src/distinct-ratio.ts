/** Different captions per caption: near 0 when a model says one thing of every picture. @param captions at least one */
export function distinctRatio(captions: readonly string[]): number {
  if (captions.length === 0) throw new RangeError('no captions to compare');
  return new Set(captions).size / captions.length;
}
