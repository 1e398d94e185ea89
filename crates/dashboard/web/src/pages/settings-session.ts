import { useQueryClient } from '@tanstack/react-query';
import type { SessionView } from '../api/generated.ts';
import { sessionQuery } from '../api/queries.ts';

/** The session as an answer says it, in place of the one that was known. */
export function useSession() {
  const client = useQueryClient();
  return (answer: SessionView) => client.setQueryData(sessionQuery.queryKey, answer);
}
