/** `text` as PostgreSQL can keep it (no NUL, no half of a surrogate pair), at most `maxLength` UTF-16 units. */
export function storableText(text: string, maxLength = Infinity): string {
  return text
    .slice(0, maxLength)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** `value` as jsonb takes it: every text storable, numbers that are none (NaN, infinities) null. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) => (typeof entry === 'string' ? storableText(entry) : entry));
}
