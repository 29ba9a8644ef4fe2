import { describe, expect, it } from 'vitest';
import { rolePassword, roleUrls } from './roles.js';

const ADMIN = 'postgres://admin:s%2Fcret@db.example:6543/library?sslmode=require';

describe('roleUrls', () => {
  it('keeps the server, the database and the options', () => {
    const { appUrl, queueUrl } = roleUrls(ADMIN);
    expect(appUrl).toMatch(/^postgres:\/\/housestyle_app:[\w-]{43}@db\.example:6543\/library\?sslmode=require$/);
    expect(queueUrl).toMatch(/^postgres:\/\/housestyle_queue:[\w-]{43}@db\.example:6543\/library\?sslmode=require$/);
  });

  it('gives each role a password of its own, the same in every process, another on every installation', () => {
    expect(rolePassword(ADMIN, 'housestyle_app')).toBe(rolePassword(ADMIN, 'housestyle_app'));
    expect(rolePassword(ADMIN, 'housestyle_app')).not.toBe(rolePassword(ADMIN, 'housestyle_queue'));
    const other = ADMIN.replace('cret', 'ecret');
    expect(rolePassword(ADMIN, 'housestyle_app')).not.toBe(rolePassword(other, 'housestyle_app'));
  });
});
