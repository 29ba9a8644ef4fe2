import type { Session, SuggestionState } from '@housestyle/contracts';
import { QueryCache, MutationCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from '../api/client';

export const SESSION_KEY = ['session'] as const;

/** Every answer of `unauthenticated` ends the session: the page falls back to the sign-in form. */
export function createQueryClient(): QueryClient {
  const endSessionOn = (error: unknown) => {
    if (error instanceof ApiProblem && error.code === 'unauthenticated') client.setQueryData(SESSION_KEY, null);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: endSessionOn }),
    mutationCache: new MutationCache({ onError: endSessionOn }),
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 2 && error instanceof ApiProblem && error.code === 'unreachable',
      },
    },
  });
  return client;
}

/** Moves one suggestion between two counts at once; the server's figures follow with the next event. */
export function moveCount(client: QueryClient, from: SuggestionState, to: SuggestionState): void {
  if (from === to) return;
  client.setQueryData<Session | null>(SESSION_KEY, (session) => {
    if (!session) return session;
    const suggestions = { ...session.counts.suggestions };
    suggestions[from] = Math.max(0, suggestions[from] - 1);
    suggestions[to] += 1;
    return { ...session, counts: { ...session.counts, suggestions } };
  });
}
