import { expect, it } from 'vitest';
import { settingsDocument } from './settings-table.js';

it('docs/settings.md says what the schemas say (`npx vitest run -u --project unit libs/settings` rewrites it)', async () => {
  await expect(settingsDocument()).toMatchFileSnapshot('../../../docs/settings.md');
});
