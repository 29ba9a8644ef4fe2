import { expect, it } from 'vitest';

import { openObjectStore } from './open-object-store.js';

it.each([
  ['/var/lib/housestyle', 'file:///var/lib/housestyle/a'],
  ['file:///var/lib/house%20style', 'file:///var/lib/house%20style/a'],
  ['s3://media', 's3://media/a'],
  ['s3://media/up/loads/', 's3://media/up/loads/a'],
])('opens %s', (location, uri) => {
  expect(openObjectStore(location).uriOf('a')).toBe(uri);
});

it.each(['', 'ftp://host/folder', 'file://otherhost/folder', 's3://', 's3://media?x=1'])('refuses %j', (location) => {
  expect(() => openObjectStore(location)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
});
