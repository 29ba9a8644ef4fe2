/**
 * Parts of regular expressions (flag u): which characters Stanford's tokeniser takes for what, found by asking it for
 * each of the 65,536 of the basic plane. It knows no others, and what is in no class here it drops.
 */

/** Hexadecimal ranges as the inside of a character class. */
const classOf = (ranges: string): string =>
  ranges
    .trim()
    .split(/\s+/)
    .map((range) => range.replace(/[0-9A-F]+/g, (code) => `\\u${code.padStart(4, '0')}`))
    .join('');

/** Besides letters and digits, what stands in words: marks, modifiers. */
const WORD_MARKS = classOf(`
  2C2-2C5 2D2-2DF 2E5-2EB 2ED 2EF-36F 375 378-379 384-385 3F6 483-487 55A-55F 591-5BD 5BF 5C1-5C2 5C4-5C5 5C7
  615-61A 64B-65E 670 6D6-6E4 6E7-6ED 6FD-6FE 70F 711 730-74C 7A6-7B0 7EB-7F3 900-903 93C 93E-94E 951-955 962-963
  981-983 9BC 9BE-9C4 9C7-9C8 9CB-9CD 9D7 9E2-9E3 A01-A03 A3C A3E-A4F A81-A83 ABC ABE-ACF B82 BBE-BC2 BC6-BC8 BCA-
  BCD C01-C03 C3E-C56 D3E-D44 D46-D48 E31 E34-E3A E47-E4E EB1 EB4-EBC EC8-ECD`);

/** Single characters that are tokens. */
const SYMBOLS = classOf(`
  24-27 2A 3B-3E 5C 5E 60 7C 7E A1 A5-A9 AC AE-B4 B6-B9 BF D7 F7 37E 387 589 5BE 5C0 5C3 5C6 5F3-5F4 600-603 606-60C
  614 61B 61E-61F 66A 66D 6D4 700-70D 7F6-7F8 964-965 E3F E4F 1FBD 2016-2017 201A 201E-2023 2030-2038 203B 203E-2042
  2070 2074-207E 2080-208E 20A4 2100-2101 2103-2106 2108-2109 2114 2116-2118 211E-2123 2125 2127 2129 212E 213A-213B
  2140-2144 214A-214D 214F 2155-215E 2190-2BFF 3001-3002 3012 30FB FF01-FF0F FF1A-FF20 FF3B-FF40 FF5B-FF65 FFE0-FFE1
  FFE5-FFE6`);

export const SPACE = '[ \\t\\u00A0\\u2000-\\u200A\\u3000]';
export const NEWLINE = '[\\n\\r\\v\\f\\u0085\\u2028\\u2029]';
export const SPACE_OR_NEWLINE = '[ \\t\\u00A0\\u2000-\\u200A\\u3000\\n\\r\\v\\f\\u0085\\u2028\\u2029]';

export const LETTER = `[\\p{L}\\u00AD${WORD_MARKS}]|&[aeiouyAEIOUY](?:acute|grave|uml|circ);`;
export const DIGIT = '\\p{Nd}';
export const SYMBOL = `[${SYMBOLS}]`;

/** Windows-1252's C1 controls stand for the characters they meant there. */
export const APOSTROPHE = "(?:['\\u0092\\u2019]|&apos;)";
/** The same, or a left quote where one was meant. */
export const ANY_APOSTROPHE = "(?:['`\\u0091\\u0092\\u2018\\u2019\\u201B]|&apos;)";
