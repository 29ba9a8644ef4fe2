import type { CaptionEngine } from '@housestyle/clipcap';
import { recordParity } from '../record-parity.js';
import { generatedCaptions, readImagesJson, referenceCaptions, testPixels } from '../test-pictures.js';
import { ciderD } from './caption-metrics.js';
import { scorePictureBook, type Grammar, type PictureBookScore, type Scene } from './picture-book-score.js';

export interface JudgementBounds {
  /** of texts that are not fp32's, share. */
  readonly changed: number;
  /** of attributes named wrongly and of objects invented that are not with fp32, most of any kind, share. */
  readonly mistakes: number;
  /** relative difference. */
  readonly cider: number;
}

/** How far what `engine` says of the first test pictures is from what the reference says of them in fp32. */
export async function judgeCaptions(
  name: string,
  engine: CaptionEngine,
  { count, bounds }: { readonly count: number; readonly bounds: JudgementBounds },
): Promise<void> {
  const whole = generatedCaptions('mlp').slice(0, count);
  const files = whole.map(({ file }) => file);
  const pixels = await testPixels(files, engine.imageSize);
  const outputs = await engine.caption(pixels.map((picture) => ({ input: { pixels: picture } })));
  const found = outputs.map(({ hypotheses }) => hypotheses[0]!.text);
  const changed = found.filter((text, n) => text !== whole[n]!.caption).length;
  recordParity(`${name}: texts changed, share`, changed / found.length, bounds.changed);

  const scenes = readImagesJson<Record<string, Scene>>('scenes.json');
  const grammar = readImagesJson<Grammar>('grammar.json');
  const references = referenceCaptions();
  const pictures = (texts: readonly string[]) =>
    files.map((file, n) => ({
      caption: texts[n]!,
      scene: scenes[`test/${file}`]!,
      references: references.get(file)!,
    }));
  const [ours, theirs] = [pictures(found), pictures(whole.map(({ caption }) => caption))];
  const [score, expected] = [scorePictureBook(grammar, ours), scorePictureBook(grammar, theirs)];
  const attributes = (Object.keys(score) as (keyof PictureBookScore)[]).filter((key) => key !== 'inventedObjects');
  const added = Math.max(...attributes.map((key) => expected[key] - score[key]));
  recordParity(`${name}: attribute mistakes added, most of any kind, share`, added, bounds.mistakes);
  const invented = Math.max(0, score.inventedObjects - expected.inventedObjects);
  recordParity(`${name}: invented objects added, share`, invented, bounds.mistakes);
  recordParity(`${name}: CIDEr-D, relative difference`, Math.abs(ciderD(ours) / ciderD(theirs) - 1), bounds.cider);
}
