import { format, resolveConfig } from 'prettier';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { asyncApiDocument } from './async-api.js';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/asyncapi.json', import.meta.url));

it('docs/asyncapi.json is the schemas of today (vitest -u writes it)', async () => {
  const style = await resolveConfig(DOCUMENT);
  const text = await format(JSON.stringify(asyncApiDocument()), { ...style, parser: 'json' });
  await expect(text).toMatchFileSnapshot(DOCUMENT);
});
