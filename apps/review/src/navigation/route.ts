/** The two places of the page; the desk's views are the part of the address after `#` (desk/view.ts). */
export type Route =
  { readonly place: 'desk' } | { readonly place: 'learning' } | { readonly place: 'run'; readonly runId: string };

const RUN_PATH = /^\/learning\/runs\/([0-9a-f-]{36})\/?$/i;

/** Any address that means nothing here is the desk. */
export function routeOf(pathname: string): Route {
  const run = RUN_PATH.exec(pathname);
  if (run?.[1]) return { place: 'run', runId: run[1].toLowerCase() };
  return { place: /^\/learning(\/|$)/.test(pathname) ? 'learning' : 'desk' };
}

export const DESK_PATH = '/';
export const LEARNING_PATH = '/learning';
export const runPath = (id: string): string => `${LEARNING_PATH}/runs/${id}`;
