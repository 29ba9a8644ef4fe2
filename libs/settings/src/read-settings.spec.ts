import { describe, expect, it } from 'vitest';
import { readApiSettings } from './api-settings.js';
import { readCaptionerSettings } from './captioner-settings.js';

const DATABASE_URL = 'postgres://admin:secret@127.0.0.1:5432/housestyle';

describe('settings', () => {
  it('fills defaults, converts units and freezes', () => {
    const settings = readApiSettings({ DATABASE_URL, PORT: '8080', SECURE_COOKIES: 'yes' });
    expect(settings).toMatchObject({ PORT: 8080, SECURE_COOKIES: true, HOST: '127.0.0.1' });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('counts an empty string as unset', () => {
    expect(readCaptionerSettings({ MAX_BATCH: '' }).MAX_BATCH).toBe(32);
  });

  it('names every wrong variable at once, and never its value', () => {
    const read = () => readApiSettings({ DATABASE_URL: 'mysql://root:hunter2@h/db', PORT: '99999' });
    expect(read).toThrowError(/DATABASE_URL: .*\n.*PORT: /);
    expect(read).not.toThrowError(/hunter2/);
  });

  it('splits lists and drops empties', () => {
    expect(readCaptionerSettings({ MODEL_DIRECTORIES: 'a, b,,' }).MODEL_DIRECTORIES).toEqual(['a', 'b']);
  });
});
