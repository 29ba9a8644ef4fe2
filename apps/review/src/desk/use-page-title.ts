import { useEffect } from 'react';

/** The browser's tab tells how much there is to do. */
export function usePageTitle(pendingCount: number): void {
  useEffect(() => {
    document.title = pendingCount > 0 ? `(${pendingCount}) Housestyle` : 'Housestyle';
    return () => void (document.title = 'Housestyle');
  }, [pendingCount]);
}
