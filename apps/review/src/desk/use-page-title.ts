import { useEffect } from 'react';

/** The browser's tab tells how much there is to do at the desk. */
export function usePageTitle(isAtDesk: boolean, pendingCount: number): void {
  useEffect(() => {
    if (!isAtDesk) return;
    document.title = pendingCount > 0 ? `(${pendingCount}) Housestyle` : 'Housestyle';
    return () => void (document.title = 'Housestyle');
  }, [isAtDesk, pendingCount]);
}
