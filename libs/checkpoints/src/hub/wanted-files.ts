/** What is wanted of a repository. */
export interface WantedFiles {
  /** each is needed; of a list, the first that is there. */
  readonly required: readonly (string | readonly string[])[];
  /** of the others, those that match, if any. */
  readonly optional?: RegExp;
}

export interface Selection {
  readonly files: readonly string[];
  /** what is needed and not there, as a person reads it. */
  readonly missing: readonly string[];
}

/** Of `available`, what is wanted, in the order it is wanted in. */
export function selectFiles({ required, optional }: WantedFiles, available: readonly string[]): Selection {
  const files = new Set<string>();
  const missing: string[] = [];
  for (const entry of required) {
    const names = typeof entry === 'string' ? [entry] : entry;
    const found = names.find((name) => available.includes(name));
    if (found === undefined) missing.push(names.join(' or '));
    else files.add(found);
  }
  for (const file of available) if (optional?.test(file)) files.add(file);
  return { files: [...files], missing };
}
