import { useMemo, useSyncExternalStore } from 'react';
import { routeOf, type Route } from './route';

/** Where the page is; draws again whenever a `Link` or the browser's buttons go elsewhere. */
export function useRoute(): Route {
  const pathname = useSyncExternalStore(subscribe, () => window.location.pathname);
  return useMemo(() => routeOf(pathname), [pathname]);
}

/** A new entry in the browser's history, seen from its top. */
export function goTo(path: string): void {
  window.history.pushState(null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
  window.scrollTo({ top: 0, behavior: 'instant' });
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener);
  return () => window.removeEventListener('popstate', listener);
}
