/**
 * The cosine from which two embeddings are of one picture. Copies in another format or quality reach it (0.996 and more
 * for JPEGs of the demo's pictures), other pictures do not (at most 0.987 among 800 of the demo's).
 */
const SAME_PICTURE = 0.99;
/** The same as a squared distance of unit vectors. */
const MAX_SQUARED_DISTANCE = 2 * (1 - SAME_PICTURE);
/** Components compared before looking whether they are too far apart already, as nearly all are. */
const CHUNK = 16;

/** Tells copies of a picture by their embeddings: of several that are as good as equal, the first gives the name. */
export class PictureNames {
  private readonly known: { readonly name: string; readonly direction: Float32Array }[] = [];
  private readonly names = new Map<string, string>();

  /** A picture that keeps the name it was given before, and is compared with none: of many, each costs the same. */
  know(name: string, embedding: Float32Array): void {
    if (this.names.has(name)) return;
    this.names.set(name, name);
    this.known.push({ name, direction: toUnit(embedding) });
  }

  /**
   * The name that a picture goes by.
   * @param name its own, equal for equal embeddings; it becomes the picture's if no copy is known
   * @param embedding CLIP's projected feature, of any length
   */
  nameOf(name: string, embedding: Float32Array): string {
    const given = this.names.get(name);
    if (given !== undefined) return given;
    const direction = toUnit(embedding);
    const copy = this.known.find((other) => isNear(other.direction, direction));
    this.names.set(name, copy?.name ?? name);
    if (!copy) this.known.push({ name, direction });
    return copy?.name ?? name;
  }
}

function toUnit(embedding: Float32Array): Float32Array {
  const norm = Math.hypot(...embedding) || 1;
  return embedding.map((value) => value / norm);
}

function isNear(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  let squares = 0;
  for (let from = 0; from < a.length; from += CHUNK) {
    const to = Math.min(from + CHUNK, a.length);
    for (let n = from; n < to; n++) squares += (a[n]! - b[n]!) ** 2;
    // so that what is no number is near to nothing
    if (!(squares <= MAX_SQUARED_DISTANCE)) return false;
  }
  return true;
}
