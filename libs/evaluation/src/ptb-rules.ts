import {
  ANY_APOSTROPHE as ANY,
  APOSTROPHE as APOS,
  DIGIT as D,
  LETTER as L,
  SPACE,
  SPACE_OR_NEWLINE,
  SYMBOL,
} from './ptb-characters.js';
import {
  CAPITALISED_CLOSING_ABBREVIATIONS,
  CLOSING_ABBREVIATIONS,
  FILE_EXTENSIONS,
  LOWER_OR_CAPITALISED_TITLES,
  NUMBERED_ABBREVIATIONS,
  SENTENCE_OPENERS,
  TITLES,
  UNCAPITALISED_CLOSING_ABBREVIATIONS,
} from './ptb-words.js';

/**
 * One kind of token, in the terms of the original's treatment as found by asking it: thousands of probes, not its code.
 * As in a lexer, at each place the rule whose match, with the context it looks at, is longest wins;
 * the earlier of two equally long.
 */
export interface TokenRule {
  readonly pattern: RegExp;
  /** What the matched text becomes; itself when left out. An empty string is no token. */
  readonly write?: (text: string) => string;
}

const rule = (pattern: string, write?: (text: string) => string, flags = 'uy'): TokenRule => ({
  pattern: new RegExp(pattern, flags),
  ...(write && { write }),
});
/** The same for either case. */
const anyCase = (pattern: string, write?: (text: string) => string): TokenRule => rule(pattern, write, 'iuy');
/** What follows must match too; it counts in the contest and stays for the next token. */
const before = (context: string): string => `(?=(${context}))`;
const always = (token: string) => (): string => token;
/** `dr` → `[dD][rR]`, where the i flag would also make \p{Uppercase} match small letters. */
const eitherCase = (words: string): string => words.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const withPeriod = (text: string): string => `${text}.`;

const WORD = `(?:${L})(?:${L}|${D})*(?:[.!?](?:${L})(?:${L}|${D})*)*`;
const ACRONYM = '[A-Za-z](?:\\.[A-Za-z])+';
const HYPHENS = '\\-\\u058A\\u2010\\u2011';
const ELIDED = `[dDoOlL]${ANY}\\p{L}`;
const PART = `(?:${ELIDED})?[\\p{L}\\p{Nd}\\u00AD]+`;
const HYPHENATED = `${PART}(?:[${HYPHENS}_]${PART})*`;
const ASCII_HYPHENATED = `(?:${ELIDED})?[A-Za-z0-9][A-Za-z0-9.,\\u00AD]*(?:[${HYPHENS}][A-Za-z0-9\\u00AD]+(?:_[A-Za-z0-9\\u00AD]+)*)*`;
const NUMBER = `[-+]?(?:${D}*(?:[.:,\\u00AD\\u066B\\u066C]${D}+)+|${D}+)`;
const REDUCTION = `${APOS}(?:[msdMSD]|[rRvV][eE]|[lL][lL])`;
const NOT = `[nN]${ANY}[tT]`;
const CLOSING = `(?:${eitherCase(CLOSING_ABBREVIATIONS)}|${CAPITALISED_CLOSING_ABBREVIATIONS}|${UNCAPITALISED_CLOSING_ABBREVIATIONS})`;
const TAG =
  '<(?:[!?][A-Za-z-][^>\\n]*|/?[A-Za-z][A-Za-z0-9_:.-]*(?:[ \\t]+[A-Za-z][A-Za-z0-9_:.-]*(?:[ \\t]*=[ \\t]*(?:"[^"\\n]*"|\'[^\'\\n]*\'))?)*[ \\t]*/?)>';
const SENTENCE_START = `${SPACE_OR_NEWLINE}(?:${SPACE_OR_NEWLINE}|\\p{Uppercase}|${TAG})`;
const OPENER = `(?:${SPACE_OR_NEWLINE}+(?:${SENTENCE_OPENERS})${SPACE_OR_NEWLINE}|${SPACE}${TAG})`;
const PATH = '/[^ \\t\\n\\f\\r"<>|(){}]+[^ \\t\\n\\f\\r"<>|.!?(){},-]';
const DOMAIN = '[^ \\t\\n\\f\\r"<>|(){}\\u00A0.]+';
const HOST = '(?:[^ \\t\\n\\f\\r`"<>|.!?(){}[\\],_$&/:;@#=^\'-]+\\.)+';

const spaceless = (text: string): string => text.replace(/[ \t\u2000-\u200A\u3000]/g, '\u00A0');
const bracketless = (text: string): string => text.replaceAll('(', '-LRB-').replaceAll(')', '-RRB-');
const softHyphenless = (text: string): string => text.replaceAll('\u00AD', '') || '-';
const plainQuotes = (text: string): string =>
  text
    .replaceAll('&apos;', "'")
    .replace(/[\u0091\u2018\u201B\u2039]/g, '`')
    .replace(/[\u0092\u2019\u203A]/g, "'")
    .replace(/[\u0093\u201C\u00AB]/g, '``')
    .replace(/[\u0094\u201D\u00BB]/g, "''")
    .replace(/"|&quot;/g, "''");
const plainAmpersand = (text: string): string => text.replace(/&amp;/gi, '&');

/** The lexer's table. */
export const RULES: readonly TokenRule[] = [
  // words that are two
  anyCase(`can${before('not')}`),
  anyCase(`(?:gon|wan)${before('na')}`),
  anyCase(`got${before('ta')}`),
  anyCase(`(?:lem|gim)${before('me')}`),
  anyCase(`'t${before('is|was')}`),

  // markup and dashes
  anyCase('&nbsp;', always('')),
  rule(TAG, spaceless),
  rule(`-{2,4}|&[mn]dash;|[\\u0096\\u0097\\u2013-\\u2015]`, always('--')),
  rule(`-{5,}`),

  // a word before its reduction
  rule(`[A-Za-z\\u00AD]*[A-MO-Za-mo-z]\\u00AD*${before(NOT)}`, softHyphenless),
  rule(`${WORD}${before(REDUCTION)}`, softHyphenless),
  rule(NOT, plainQuotes),
  rule(`${REDUCTION}${before('[^A-Za-z]')}`, plainQuotes),

  // words with apostrophes
  rule(
    `${APOS}[nN]${APOS}?|[dDjJlL]${APOS}|[yY]${APOS}${before('[A-Za-z]')}|[Dd]unkin${APOS}|[Ss]omethin${APOS}|[Oo]l${APOS}|${APOS}[eE][mM]`,
  ),
  rule(`[A-HJ-XZn]${ANY}(?:${L}){2,}|(?:${L})+[aeiouyAEIOUY]${ANY}[aeiouA-Z](?:${L})*|[lLdDoOnN]${ANY}(?:${L}){2,}`),
  rule(`${APOS}[2-9]0s|${APOS}[Tt]ill?|${APOS}[Cc]ause`),
  anyCase(`cont'd\\.|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l|d${ANY}ye|o${ANY}o`),
  rule(`${APOS}${D}{2}${before(SPACE_OR_NEWLINE)}`),

  rule(WORD, softHyphenless),

  // addresses
  anyCase(`https?://[^ \\t\\n\\f\\r"<>|(){}]+[^ \\t\\n\\f\\r"<>|.!?(){},-]`),
  anyCase(`www\\.(?:[^ \\t\\n\\f\\r"<>|.!?(){},]+\\.)+[a-z]{2,4}(?:${PATH})?`),
  anyCase(`${HOST}(?:com|net|org|edu)(?:${PATH})?`),
  rule(`(?:&lt;|<)?[a-zA-Z0-9][^ \\t\\n\\f\\r"<>|()\\u00A0{}]*@${DOMAIN}(?:\\.${DOMAIN})*>?`),
  rule(`@[A-Za-z_][A-Za-z_0-9]*|#(?:${L})+`),

  // numbers
  rule(
    `(?:\\([0-9]{2,3}\\)[ \\u00A0]?|(?:\\+{0,2}[0-9]{2,4}[- \\u00A0])?\\+{0,2}[0-9]{2,4}[- \\u00A0])[0-9]{3,4}[- \\u00A0]?[0-9]{3,5}`,
    (text) => bracketless(spaceless(text)),
  ),
  rule(NUMBER, softHyphenless),
  rule(`[0-9]{1,4}[-/][0-9]{1,4}[-/][0-9]{1,4}`),
  rule(`(?:[0-9]{1,4}[- \\u00A0])?[0-9]{1,4}(?:\\\\?/|\\u2044)[0-9]{1,4}`, spaceless),
  rule(`[\\u207A\\u207B\\u208A\\u208B]?(?:[\\u2070\\u00B9\\u00B2\\u00B3\\u2074-\\u2079]+|[\\u2080-\\u2089]+)`),
  rule('\\u00BC', always('1/4')),
  rule('\\u00BD', always('1/2')),
  rule('\\u00BE', always('3/4')),
  rule('\\u2153', always('1/3')),
  rule('\\u2154', always('2/3')),
  rule(`[A-Z]*\\$|&#[0-9]+;`),
  rule('[\\u0080\\u00A4\\u20A0\\u20AC]', always('$')),
  rule('\\u00A2', always('cents')),
  rule('\\u00A3', always('#')),

  // abbreviations; one that closes a sentence leaves its period for a token of its own
  rule(`(?:${CLOSING})${before(`\\.${SENTENCE_START}`)}`, withPeriod),
  rule(`(?:${CLOSING}|${eitherCase(TITLES)}|${LOWER_OR_CAPITALISED_TITLES})\\.`),
  rule(`(?:${eitherCase(NUMBERED_ABBREVIATIONS)})\\.${before(`${SPACE}?[0-9]`)}`),
  rule(`${ACRONYM}${before(`\\.${OPENER}`)}`, withPeriod),
  rule(`[A-Za-z]${before(`\\.${OPENER}`)}`),
  rule(`${ACRONYM}\\.|[A-Za-z]\\.`),
  rule(`(?:${WORD}|${HYPHENATED})\\.${before('[,;:]')}`, softHyphenless),

  // words with points, hyphens and slashes
  rule(`(?:(?:${L}|${D})+\\.)+(?:${eitherCase(FILE_EXTENSIONS)})${before(`${SPACE_OR_NEWLINE}|[.?!,]`)}`),
  rule(`(?:${HYPHENATED}|${ASCII_HYPHENATED})[${HYPHENS}](?:${ACRONYM}\\.|${PART})`, softHyphenless),
  rule(`${ASCII_HYPHENATED}[${HYPHENS}](?:${ACRONYM}\\.|[A-Za-z0-9\\u00AD]+(?:_[A-Za-z0-9\\u00AD]+)*)`, softHyphenless),
  rule(HYPHENATED, softHyphenless),
  rule(eitherCase('(?:anti|pro)-')),
  rule(`[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:\\\\?/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}`),
  rule(`${D}+(?:${L}|${D})*`),
  rule(`[A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+`, plainAmpersand),
  rule(`[cC]\\+\\+|[cCfF]#`),

  // smileys
  rule(
    `[<>]?[:;=]['o-]?[()DPOdp@\\[\\]{|\\\\](?![A-Za-z0-9])|[-\\^x=~<>']_[-\\^x=~<>']|\\([-\\^x=~<>'][-_.]?[-\\^x=~<>']\\)`,
    bracketless,
  ),

  // quotes
  rule(`'${before('[A-Za-z][^ \\t\\n\\r]')}`, always('`')),
  rule(`(?:"|&quot;)${before('[A-Za-z0-9$]')}`, always('``')),
  rule(REDUCTION, plainQuotes),
  rule(`''|["']|&quot;|&apos;|[\\u0060\\u0091-\\u0094\\u00AB\\u00BB\\u2018-\\u201F\\u2039\\u203A]{1,2}`, plainQuotes),

  // points and brackets
  rule('\\.{3,5}|(?:\\. ){2,3}\\.|[\\u0085\\u2026]', always('...')),
  rule('[?!]+|[.,;:]'),
  rule('\\(', always('-LRB-')),
  rule('\\)', always('-RRB-')),
  rule('\\[', always('-LSB-')),
  rule('\\]', always('-RSB-')),
  rule('\\{', always('-LCB-')),
  rule('\\}', always('-RCB-')),
  anyCase('&amp;', always('&')),
  anyCase('&lt;', always('<')),
  anyCase('&gt;', always('>')),
  rule('-[LR][RCS]B-|<<|>>|@{2,}|#{2,}|_+|\\*+|\\\\\\*|/|[-#@%+]'),
  rule(SYMBOL),
  rule('\\u00AD', always('-')),
];
