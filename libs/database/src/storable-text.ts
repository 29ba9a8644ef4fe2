/** `text` as PostgreSQL can keep it (no NUL, no half of a surrogate pair), at most `maxLength` UTF-16 units. */
export function storableText(text: string, maxLength = Infinity): string {
  return text
    .slice(0, maxLength)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Whether PostgreSQL can keep this JSON text as jsonb: JSON.stringify escapes exactly what it refuses. */
export function isStorableJson(json: string): boolean {
  return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/.test(json);
}
