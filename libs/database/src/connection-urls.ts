import { DomainError } from '@housestyle/domain';
import { prepareDatabase } from './prepare-database.js';
import type { DatabaseUrls } from './roles.js';

export interface DatabaseSettings {
  readonly DATABASE_URL?: string;
  readonly DATABASE_APP_URL?: string;
  readonly DATABASE_QUEUE_URL?: string;
}

/**
 * Where an app connects. Given both roles' URLs it uses them and changes nothing; given an administrator's, it first
 * brings the database up to date.
 * @throws DomainError `invalid_settings` when neither is given
 */
export function connectionUrls(settings: DatabaseSettings): Promise<DatabaseUrls> | DatabaseUrls {
  const { DATABASE_URL: adminUrl, DATABASE_APP_URL: appUrl, DATABASE_QUEUE_URL: queueUrl } = settings;
  if (appUrl && queueUrl) return { appUrl, queueUrl };
  if (adminUrl) return prepareDatabase(adminUrl);
  throw new DomainError('invalid_settings', 'DATABASE_URL is required (or DATABASE_APP_URL and DATABASE_QUEUE_URL)');
}
