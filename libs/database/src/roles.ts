import { createHmac } from 'node:crypto';

/** The role that sees one tenant at a time. */
export const APP_ROLE = 'housestyle_app';
/** The role that sees every tenant's queue columns and nothing that anyone wrote. */
export const QUEUE_ROLE = 'housestyle_queue';

export type DatabaseRole = typeof APP_ROLE | typeof QUEUE_ROLE;

/** Where the running apps connect; neither URL can change a table or see past row-level security. */
export interface DatabaseUrls {
  readonly appUrl: string;
  readonly queueUrl: string;
}

/** The two roles' URLs on the administrator's server and database. */
export function roleUrls(adminUrl: string): DatabaseUrls {
  return { appUrl: roleUrl(adminUrl, APP_ROLE), queueUrl: roleUrl(adminUrl, QUEUE_ROLE) };
}

/**
 * A role's password follows from the administrator's, so that every process given the same `DATABASE_URL`
 * arrives at the same one and there is no further secret to hand around; it does not lead back.
 */
export function rolePassword(adminUrl: string, role: DatabaseRole): string {
  const adminPassword = decodeURIComponent(new URL(adminUrl).password);
  return createHmac('sha256', adminPassword).update(role).digest('base64url');
}

function roleUrl(adminUrl: string, role: DatabaseRole): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = rolePassword(adminUrl, role);
  return url.toString();
}
