import { readFile } from 'node:fs/promises';
import { minVersion, satisfies } from 'semver';
import { expect, it } from 'vitest';

/** Behind `prisma dev`, which nothing here calls (docs/decisions/2026-11-23-libraries-for-the-oldest-node.md). */
const NEVER_RUN = ['node_modules/@prisma/streams-local'];

interface Lock {
  readonly packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>;
}

it('installs nothing that asks for a newer Node than the project does', async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
  const oldest = minVersion(packages['']!.engines!.node!)!;
  const asking = Object.entries(packages).filter(([, { engines }]) => engines?.node);
  const tooNew = asking.filter(([, { engines }]) => !satisfies(oldest, engines!.node!)).map(([folder]) => folder);

  expect(asking.length).toBeGreaterThan(100);
  expect(tooNew).toEqual(NEVER_RUN);
});
