import { describeBaseModel } from '@housestyle/checkpoints';
import { toDomainError } from '@housestyle/domain';
import { ModelLibrary } from '../model-library.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from '../terminal.js';
import { adviceOn, CATALOGUE, type CatalogueEntry } from './catalogue.js';

export interface ListOptions {
  readonly json: boolean;
  /** those that can be pulled, in place of those that are here. */
  readonly available?: boolean;
}

/** Prints the base models that are here, verified, or those of the catalogue. @returns the exit code */
export async function listModels({ json, available }: ListOptions, terminal: Terminal): Promise<number> {
  if (available) {
    for (const entry of CATALOGUE) terminal.print(json ? JSON.stringify(published(entry)) : catalogueLines(entry));
    return EXIT_OK;
  }
  const library = await ModelLibrary.find();
  let exitCode: number = EXIT_OK;
  for (const name of library.names()) {
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

const published = ({ name, description, megabytes, licence, seen, officialWeights, ...sources }: CatalogueEntry) => ({
  name,
  description,
  megabytes,
  licence,
  sources: [sources.clip, sources.gpt2, sources.weights].flatMap((source) => source?.repository ?? []),
  officialWeights,
  seen,
});

function catalogueLines(entry: CatalogueEntry): string {
  const { name, description, megabytes, licence, seen, sources, officialWeights } = published(entry);
  const indent = (text: string) => text.replaceAll('\n', '\n           ');
  return [
    `${name}\t${megabytes} MB\t${description}`,
    `  from     ${sources.join(', ')}`,
    `  weights  ${entry.weights ? `as their authors have them: ${officialWeights}` : indent(adviceOn(entry))}`,
    `  seen     ${seen}`,
    `  licence  ${licence}`,
  ].join('\n');
}
