const HEADER_BYTES = 128;
const TAG_BYTES = 12;

/**
 * Whether an ICC profile calls itself sRGB in its description tag (ASCII in version 2, UTF-16BE in version 4).
 * Transforming such a picture to sRGB would only cost time and rounding.
 */
export function isSrgbProfile(icc: Buffer): boolean {
  if (icc.length < HEADER_BYTES + 4) return false;
  const tagCount = Math.min(icc.readUInt32BE(HEADER_BYTES), 100);
  for (let tag = 0; tag < tagCount; tag++) {
    const entry = HEADER_BYTES + 4 + tag * TAG_BYTES;
    if (entry + TAG_BYTES > icc.length) return false;
    if (icc.toString('latin1', entry, entry + 4) !== 'desc') continue;
    const start = icc.readUInt32BE(entry + 4);
    const description = icc.toString('latin1', start, start + icc.readUInt32BE(entry + 8)).replaceAll('\0', '');
    return description.includes('sRGB') && !/linear/i.test(description);
  }
  return false;
}
