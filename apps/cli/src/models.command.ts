import { describeBaseModel } from '@housestyle/checkpoints';
import { toDomainError } from '@housestyle/domain';
import { ModelLibrary } from './model-library.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from './terminal.js';

/** Prints the base models that are here, verified. @returns the exit code */
export async function listModels({ json }: { readonly json: boolean }, terminal: Terminal): Promise<number> {
  const library = await ModelLibrary.find();
  let exitCode: number = EXIT_OK;
  for (const name of await library.names()) {
    const directory = library.directoryOf(name);
    try {
      const { version, sha256, licence, provenance } = await describeBaseModel(directory);
      const model = { name, version, sha256, directory, licence, provenance };
      terminal.print(json ? JSON.stringify(model) : [name, version, licence ?? '-', provenance ?? '-'].join('\t'));
    } catch (error) {
      const { code, message } = toDomainError(error);
      if (json) terminal.print(JSON.stringify({ name, directory, error: { code, message } }));
      terminal.complain(`${name}: ${code}: ${message}`);
      exitCode = EXIT_FAILED;
    }
  }
  return exitCode;
}
