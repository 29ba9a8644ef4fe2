import { toDomainError } from '@housestyle/domain';
import { CommanderError } from 'commander';
import { createProgram } from './program.js';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal } from './terminal.js';

const terminal: Terminal = {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY && { draw: (text) => process.stderr.write(text) }),
};

// `housestyle … | head` closes the pipe early, and that is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT_OK : EXIT_FAILED),
);

let exitCode: number = EXIT_OK;
try {
  await createProgram(terminal, (code) => (exitCode = code)).parseAsync(process.argv);
} catch (error) {
  exitCode = explain(error);
}
process.exitCode = exitCode;

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  const { code, message } = toDomainError(error);
  terminal.complain(`housestyle: ${code}: ${message}`);
  return EXIT_FAILED;
}
