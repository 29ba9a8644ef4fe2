import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * What a script was told to do; `--help` prints the comment at its head, and so does what it does not know.
 * @param {string} script its `import.meta.url`
 * @param {import('node:util').ParseArgsOptionsConfig} options
 */
export function readOptions(script, options) {
  try {
    const { help, ...values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } }).values;
    if (!help) return values;
    console.log(headOf(script));
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n\n${headOf(script)}`);
    process.exit(2);
  }
}

function headOf(script) {
  const [, comment] = /^\/\*\*\n(.*?)\n \*\//s.exec(readFileSync(fileURLToPath(script), 'utf8'));
  return comment.replaceAll(/^ \* ?/gm, '');
}
