/** The line, counted from 1, at which a text that is not JSON stops being JSON: the parser itself does not tell. */
export function jsonFaultLine(text: string): number {
  const closers: string[] = [];
  let position = 0;
  let expected = 'value' as Expected;
  for (;;) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    const token = match?.[1];
    const isOver = expected === 'end' && closers.length === 0;
    if (isOver || token === undefined || !NEXT[expected].test(token)) break;
    if (token === ']' || token === '}') {
      if (closers.pop() !== token) break;
      expected = 'end';
    } else if (token === '[' || token === '{') {
      closers.push(token === '[' ? ']' : '}');
      expected = token === '[' ? 'valueOrEnd' : 'keyOrEnd';
    } else if (token === ':') expected = 'value';
    else if (token === ',') expected = closers.at(-1) === '}' ? 'key' : 'value';
    else expected = expected === 'key' || expected === 'keyOrEnd' ? 'colon' : 'end';
    position = TOKEN.lastIndex;
  }
  const blanks = /[ \t\r\n]*/y;
  blanks.lastIndex = position;
  const fault = position + (blanks.exec(text)?.[0].length ?? 0);
  return text.slice(0, fault).split('\n').length;
}

const STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"`;
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const TOKEN = new RegExp(String.raw`[ \t\r\n]*(${STRING}|${NUMBER}|true|false|null|[[\]{}:,])`, 'y');
type Expected = keyof typeof NEXT;
/** What may come, by the first letter of the token. */
const NEXT = {
  value: /^["\-\dtfn[{]/,
  valueOrEnd: /^["\-\dtfn[{\]]/,
  key: /^"/,
  keyOrEnd: /^["}]/,
  colon: /^:/,
  end: /^[,\]}]/,
};
