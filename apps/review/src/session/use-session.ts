import type { Session } from '@housestyle/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiProblem } from '../api/client';
import { getSession, signIn, signOut } from '../api/routes';
import { SESSION_KEY } from './session-cache';

/** Whose page this is; `null` when nobody is signed in. */
export const useSession = () =>
  useQuery<Session | null>({
    queryKey: SESSION_KEY,
    queryFn: () =>
      getSession().catch((error: unknown) => {
        if (error instanceof ApiProblem && error.code === 'unauthenticated') return null;
        throw error;
      }),
  });

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: signIn,
    onSuccess: (session) => client.setQueryData(SESSION_KEY, session),
  });
}

/** Forgets everything that was on the page, whatever the server says to it. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: signOut,
    onSettled: () => {
      client.setQueryData(SESSION_KEY, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    },
  });
}
