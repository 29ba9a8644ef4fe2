import { encodeJpeg } from '@housestyle/imaging';
import { Random } from '@housestyle/training';

/** JPEG files of one size, like photographs in what they cost to decode: smooth areas, some detail, every one another. */
export async function madeUpPictures(
  count: number,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Uint8Array[]> {
  const pictures: Uint8Array[] = [];
  for (let n = 0; n < count; n++) {
    pictures.push(await encodeJpeg({ rgb: landscape(width, height, new Random(n)), width, height }, QUALITY));
  }
  return pictures;
}

/** Sizes at 4:3 by millions of pixels; 0.3 is 640 × 480. */
export function sizeOf(megapixels: number): { width: number; height: number } {
  const width = Math.round(Math.sqrt((megapixels * 1e6 * 4) / 3 / (MCU * MCU))) * MCU;
  return { width, height: Math.round((width * 3) / 4 / MCU) * MCU };
}

/** Waves of a few lengths and grain: about two bits a pixel as JPEG. */
function landscape(width: number, height: number, random: Random): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const waves = Array.from({ length: WAVES }, (_, n) => {
    const length = Math.max(width / 2 ** n, 6);
    const direction = random.uniform() * 2 * Math.PI;
    const along = (2 * Math.PI) / length;
    const colour = [random.normal(), random.normal(), random.normal()].map((value) => (40 * value) / (1 + n / 2));
    return { x: along * Math.cos(direction), y: along * Math.sin(direction), colour };
  });
  const columns = waves.map(({ x }) => Float32Array.from({ length: width }, (_, at) => Math.sin(x * at)));
  for (let y = 0, at = 0; y < height; y++) {
    const row = waves.map((wave) => Math.cos(wave.y * y));
    for (let x = 0; x < width; x++) {
      const grain = GRAIN * (random.word() / 2 ** 32 - 0.5);
      let [red, green, blue] = [128 + grain, 128 + grain, 128 + grain];
      for (let n = 0; n < WAVES; n++) {
        const depth = columns[n]![x]! * row[n]!;
        const { colour } = waves[n]!;
        red += colour[0]! * depth;
        green += colour[1]! * depth;
        blue += colour[2]! * depth;
      }
      rgb[at++] = clamped(red);
      rgb[at++] = clamped(green);
      rgb[at++] = clamped(blue);
    }
  }
  return rgb;
}

const clamped = (value: number): number => Math.max(0, Math.min(255, value));

const [QUALITY, WAVES, GRAIN] = [90, 6, 12] as const;
/** pixels of a side that JPEG codes together. */
const MCU = 16;
