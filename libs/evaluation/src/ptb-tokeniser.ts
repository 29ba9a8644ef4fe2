import { NEWLINE } from './ptb-characters.js';
import { RULES, type TokenRule } from './ptb-rules.js';

/** What the COCO caption evaluation code takes out of every caption. (Lower-cased brackets, `-lrb-`, stay there too.) */
const PUNCTUATION: ReadonlySet<string> = new Set([
  ...["''", "'", '``', '`', '-LRB-', '-RRB-', '-LCB-', '-RCB-'],
  ...['.', '?', '!', ',', ':', '-', '--', '...', ';'],
]);

/** Letters beyond the basic plane are unknown there: they are dropped, and part words. */
const UNKNOWN_LETTERS = /(?=[\u{10000}-\u{10FFFF}])[\p{L}\p{Nd}]/gu;
const NO_TOKEN = '\u007F';
const NEWLINES = new RegExp(NEWLINE, 'g');
const PLAIN_WORD = /(?!(?:cannot|gonna|gotta|wanna|lemme|gimme)\b)[A-Za-z]+(?=[ \n])/iy;

/**
 * Lines of text as the lower-case tokens of Stanford CoreNLP 3.4.1's `PTBTokenizer -preserveLines -lowerCase`, one array
 * a line. A token may hold a no-break space (`1 1/2`). As there, lines are read as one text: a line's last abbreviation
 * may depend on how the next one begins.
 */
export function ptbTokenise(lines: readonly string[]): string[][] {
  const text = lines
    .map((line) => `${line.replace(NEWLINES, ' ')}\n`)
    .join('')
    .replace(UNKNOWN_LETTERS, NO_TOKEN);
  const tokenised: string[][] = [];
  let tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    const character = text[at]!;
    if (character === '\n') {
      tokenised.push(tokens);
      tokens = [];
      at++;
    } else if (character === ' ') {
      at++;
    } else {
      const { token, length } = nextToken(text, at);
      if (token !== '') tokens.push(token.toLowerCase());
      at += length;
    }
  }
  return tokenised;
}

/** Captions as the COCO caption evaluation code scores them: their tokens without punctuation, between single spaces. */
export function tokeniseCaptions(captions: readonly string[]): string[] {
  return ptbTokenise(captions).map((tokens) => tokens.filter((token) => !PUNCTUATION.has(token)).join(' '));
}

function nextToken(text: string, at: number): { token: string; length: number } {
  PLAIN_WORD.lastIndex = at;
  const word = PLAIN_WORD.exec(text);
  if (word) return { token: word[0], length: word[0].length };
  let best: { match: string; rule: TokenRule } | undefined;
  let longest = 0;
  for (const rule of RULES) {
    rule.pattern.lastIndex = at;
    const found = rule.pattern.exec(text);
    if (!found) continue;
    const reach = found[0].length + (found[1]?.length ?? 0);
    if (reach <= longest) continue;
    longest = reach;
    best = { match: found[0], rule };
  }
  // a character of no class is no token
  if (!best) return { token: '', length: text.codePointAt(at)! > 0xffff ? 2 : 1 };
  const { match, rule } = best;
  return { token: rule.write?.(match) ?? match, length: match.length };
}
