import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { SESSION_KEY } from '../session/session-cache';

const REFRESH_AFTER_MS = 600;

/** Asks for the counts again soon; many calls in a row make one request. */
export function useSessionRefresh(): () => void {
  const client = useQueryClient();
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  return useCallback(() => {
    const refresh = () => {
      // the counts already hold what is on its way; the server's do not yet
      if (client.isMutating() > 0) {
        timer.current = window.setTimeout(refresh, REFRESH_AFTER_MS);
        return;
      }
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: SESSION_KEY });
    };
    timer.current ??= window.setTimeout(refresh, REFRESH_AFTER_MS);
  }, [client]);
}
