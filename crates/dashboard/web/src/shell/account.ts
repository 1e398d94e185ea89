// Where somebody is: the account of the address, what they may do there, and which environment is shown.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { OperationId } from '../api/call.ts';
import type { MembershipOut, SessionView } from '../api/generated.ts';
import { optionsQuery, sessionQuery } from '../api/queries.ts';
import type { Environment } from '../reach.ts';

const route = getRouteApi('/a/$account');

export interface Here {
  id: string;
  env: Environment;
  session: SessionView | undefined;
  membership: MembershipOut | undefined;
  /** Whether the membership's role may ask for an operation. The control plane decides; this only hides what it would refuse. */
  may: (operation: OperationId) => boolean;
}

export function useHere(): Here {
  const { account } = route.useParams();
  const { env } = route.useSearch();
  const session = useQuery(sessionQuery).data;
  const membership = session?.memberships.find((one) => one.account.id === account);
  return {
    id: account,
    env,
    session,
    membership,
    may: (operation) => membership?.rights.includes(operation) ?? false,
  };
}

/** The deployment's name for itself. */
export function useProduct(): string {
  return useQuery(optionsQuery).data?.product ?? '';
}

/** Where callers reach the API, if that is known, and where they put a key. */
export function useApi(): { api: string | undefined; presentations: string[] | undefined } {
  const options = useQuery(optionsQuery).data;
  return { api: options?.api_url ?? undefined, presentations: options?.presentations };
}
