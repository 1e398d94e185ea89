// What pages read: one place for the keys under which answers are kept, so that a hint can throw the right ones away.

import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { call, everything, Refused } from './call.ts';
import { liveness } from './live.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchInterval: () => (liveness.open() ? false : 20_000),
      refetchOnWindowFocus: true,
      retry: (count, thrown) => count < 2 && thrown instanceof Refused && (thrown.status === 0 || thrown.status >= 500),
    },
    // What a change answered may hold secrets: it is gone with the dialog that showed it.
    mutations: { retry: false, gcTime: 0 },
  },
});

export const optionsQuery = queryOptions({
  queryKey: ['sign-in-options'],
  queryFn: ({ signal }) => call('sign_in_options_get', { signal }),
  refetchInterval: false,
});

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => call('session_get', { signal }),
  staleTime: 60_000,
  refetchInterval: false,
  retry: (count, thrown) => count < 2 && !(thrown instanceof Refused && thrown.status === 401),
});

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: ({ signal }) => call('me_sessions_list', { signal }),
});

export const linkedProvidersQuery = queryOptions({
  queryKey: ['linked-providers'],
  queryFn: ({ signal }) => call('me_providers_list', { signal }),
});

export const keysQuery = (account_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'key', 'list'],
    queryFn: ({ signal }) =>
      everything((cursor) => call('keys_list', { path: { account_id }, query: { limit: 200, cursor }, signal })),
  });

export const keyQuery = (account_id: string, key_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'key', 'one', key_id],
    queryFn: ({ signal }) => call('keys_get', { path: { account_id, key_id }, signal }),
  });

export const usageQuery = (account_id: string, key_id: string, hours: number) =>
  queryOptions({
    queryKey: ['account', account_id, 'requests', 'usage', key_id, hours],
    queryFn: ({ signal }) =>
      call('keys_usage', {
        path: { account_id, key_id },
        query: {
          granularity: hours > 48 ? 'day' : 'hour',
          since: new Date(Date.now() - hours * 3_600_000).toISOString(),
        },
        signal,
      }),
  });

export const companiesQuery = (account_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'company', 'list'],
    queryFn: ({ signal }) =>
      everything((cursor) => call('companies_list', { path: { account_id }, query: { limit: 200, cursor }, signal })),
  });

/** Page by page, for the list of them. */
export const companyPagesQuery = (account_id: string) =>
  infiniteQueryOptions({
    queryKey: ['account', account_id, 'company', 'pages'],
    queryFn: ({ signal, pageParam }) =>
      call('companies_list', { path: { account_id }, query: { limit: 100, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: (query) => (liveness.open() || (query.state.data?.pages.length ?? 0) > 1 ? false : 20_000),
  });

export const operationsQuery = queryOptions({
  queryKey: ['operations'],
  queryFn: ({ signal }) => everything((cursor) => call('operations_list', { query: { limit: 200, cursor }, signal })),
  staleTime: 300_000,
  refetchInterval: false,
});

export const overviewQuery = (account_id: string, environment: string, hours: number) =>
  queryOptions({
    queryKey: ['account', account_id, 'requests', 'overview', environment, hours],
    queryFn: ({ signal }) => call('overview_get', { path: { account_id }, query: { environment, hours }, signal }),
  });

export interface RequestFilter {
  environment: string;
  key_id?: string;
  operation?: string;
  status?: string;
  reason?: string;
  since?: string;
  until?: string;
}

export const requestsQuery = (account_id: string, filter: RequestFilter) =>
  infiniteQueryOptions({
    queryKey: ['account', account_id, 'requests', 'list', filter],
    queryFn: ({ signal, pageParam }) =>
      call('requests_list', {
        path: { account_id },
        query: { ...filter, limit: 100, cursor: pageParam },
        signal,
      } as never),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    // Pages that were added by hand would all be read again.
    refetchInterval: (query) => (liveness.open() || (query.state.data?.pages.length ?? 0) > 1 ? false : 20_000),
  });

export const requestQuery = (account_id: string, request_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'requests', 'one', request_id],
    queryFn: ({ signal }) => call('requests_get', { path: { account_id, request_id }, signal }),
    refetchInterval: false,
  });

export const auditQuery = (account_id: string) =>
  infiniteQueryOptions({
    queryKey: ['account', account_id, 'audit', 'list'],
    queryFn: ({ signal, pageParam }) =>
      call('audit_list', { path: { account_id }, query: { limit: 100, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: (query) => (liveness.open() || (query.state.data?.pages.length ?? 0) > 1 ? false : 20_000),
  });

export const verificationQuery = (account_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'audit', 'verification'],
    queryFn: ({ signal }) => call('audit_verify_in_account', { path: { account_id }, signal }),
    staleTime: 60_000,
    refetchInterval: false,
  });

export const membersQuery = (account_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'member', 'list'],
    queryFn: ({ signal }) => call('members_list', { path: { account_id }, signal }),
  });

export const invitationsQuery = (account_id: string) =>
  queryOptions({
    queryKey: ['account', account_id, 'member', 'invitations'],
    queryFn: ({ signal }) => call('invitations_list', { path: { account_id }, signal }),
  });
