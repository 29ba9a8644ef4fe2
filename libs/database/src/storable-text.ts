/** `text` as PostgreSQL can keep it (no NUL, no half of a surrogate pair), at most `maxLength` UTF-16 units. */
export function storableText(text: string, maxLength = Infinity): string {
  return text
    .slice(0, maxLength)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\uFFFD');
}
