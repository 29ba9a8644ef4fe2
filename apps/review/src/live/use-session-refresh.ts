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
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined;
      if (client.isMutating() === 0) void client.invalidateQueries({ queryKey: SESSION_KEY });
    }, REFRESH_AFTER_MS);
  }, [client]);
}
