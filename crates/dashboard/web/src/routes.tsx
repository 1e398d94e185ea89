// Every page, where it is, and what its address says. Each page's code comes when it is visited.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
  type SearchSchemaInput,
} from '@tanstack/react-router';
import { Refused } from './api/call.ts';
import { queryClient, sessionQuery } from './api/queries.ts';
import type { Environment } from './reach.ts';
import { Lost, Trouble } from './shell/trouble.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: Lost, errorComponent: Trouble });

const text = (value: unknown): string | undefined => {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value ? value : undefined;
};

/** The session, or nothing when nobody is signed in. */
async function signedIn() {
  try {
    return await queryClient.ensureQueryData(sessionQuery);
  } catch (thrown) {
    if (thrown instanceof Refused && thrown.status === 401) return undefined;
    throw thrown;
  }
}

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async () => {
    const session = await signedIn();
    if (!session) throw redirect({ to: '/sign-in' });
    const first = session.memberships[0];
    if (!first) throw redirect({ to: '/nowhere' });
    throw redirect({ to: '/a/$account/overview', params: { account: first.account.id } });
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { to?: string; error?: string } => {
    const to = text(search.to);
    const error = text(search.error);
    // Only places of this page: an address of another site would lead people away.
    return { ...(to && /^\/(?![/\\])/.test(to) ? { to } : {}), ...(error ? { error } : {}) };
  },
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignIn'),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  component: lazyRouteComponent(() => import('./pages/register.tsx'), 'Register'),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  validateSearch: (search: Record<string, unknown>): { token?: string } => {
    const token = text(search.token);
    return token ? { token } : {};
  },
  component: lazyRouteComponent(() => import('./pages/invitation.tsx'), 'Invitation'),
});

/** Where a provider sends back who wanted it linked: it knows no account. */
const ownSettings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>): { error?: string } => {
    const error = text(search.error);
    return error ? { error } : {};
  },
  beforeLoad: async ({ search }) => {
    const session = await signedIn();
    if (!session) throw redirect({ to: '/sign-in', search: { ...search, to: '/settings' } });
    const first = session.memberships[0];
    if (!first) throw redirect({ to: '/nowhere' });
    throw redirect({ to: '/a/$account/settings', params: { account: first.account.id }, search });
  },
});

const nowhere = createRoute({
  getParentRoute: () => root,
  path: '/nowhere',
  component: lazyRouteComponent(() => import('./pages/nowhere.tsx'), 'Nowhere'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/a/$account',
  validateSearch: (search: { env?: string } & SearchSchemaInput): { env: Environment } => ({
    env: search.env === 'live' ? 'live' : 'test',
  }),
  search: { middlewares: [retainSearchParams(['env'])] },
  beforeLoad: async ({ location, params }) => {
    const session = await signedIn();
    if (!session) throw redirect({ to: '/sign-in', search: { to: location.href } });
    if (!session.memberships.some((one) => one.account.id === params.account)) throw redirect({ to: '/' });
  },
  component: lazyRouteComponent(() => import('./shell/shell.tsx'), 'Shell'),
});

const accountHome = createRoute({
  getParentRoute: () => account,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/a/$account/overview', params });
  },
});

const overview = createRoute({
  getParentRoute: () => account,
  path: '/overview',
  validateSearch: (search: { hours?: number } & SearchSchemaInput): { hours: number } => ({
    hours: [24, 168, 720].includes(Number(search.hours)) ? Number(search.hours) : 168,
  }),
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'Overview'),
});

export interface KeySearch {
  q?: string;
  status?: string;
  kind?: string;
  finding?: string;
  company?: string;
  create?: boolean;
}

const keys = createRoute({
  getParentRoute: () => account,
  path: '/keys',
  validateSearch: (search: Record<string, unknown>): KeySearch => {
    const kept: KeySearch = {};
    for (const name of ['q', 'status', 'kind', 'finding', 'company'] as const) {
      const value = text(search[name]);
      if (value) kept[name] = value;
    }
    if (search.create === true) kept.create = true;
    return kept;
  },
  component: lazyRouteComponent(() => import('./pages/keys.tsx'), 'Keys'),
});

const key = createRoute({
  getParentRoute: () => account,
  path: '/keys/$key',
  component: lazyRouteComponent(() => import('./pages/key.tsx'), 'Key'),
});

const companies = createRoute({
  getParentRoute: () => account,
  path: '/companies',
  component: lazyRouteComponent(() => import('./pages/companies.tsx'), 'Companies'),
});

export interface RequestSearch {
  key?: string;
  operation?: string;
  status?: string;
  reason?: string;
  hours?: string;
  id?: string;
}

const requests = createRoute({
  getParentRoute: () => account,
  path: '/requests',
  validateSearch: (search: Record<string, unknown>): RequestSearch => {
    const kept: RequestSearch = {};
    for (const name of ['key', 'operation', 'status', 'reason', 'hours', 'id'] as const) {
      const value = text(search[name]);
      if (value) kept[name] = value;
    }
    // The API knows hundreds of statuses by their first digit.
    if (!/^[2-5]xx$/.test(kept.status ?? '')) delete kept.status;
    return kept;
  },
  component: lazyRouteComponent(() => import('./pages/requests.tsx'), 'Requests'),
});

const audit = createRoute({
  getParentRoute: () => account,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'Audit'),
});

const team = createRoute({
  getParentRoute: () => account,
  path: '/team',
  component: lazyRouteComponent(() => import('./pages/team.tsx'), 'Team'),
});

const settings = createRoute({
  getParentRoute: () => account,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>): { error?: string } => {
    const error = text(search.error);
    return error ? { error } : {};
  },
  component: lazyRouteComponent(() => import('./pages/settings.tsx'), 'Settings'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signIn,
    register,
    invitation,
    ownSettings,
    nowhere,
    account.addChildren([accountHome, overview, keys, key, companies, requests, audit, team, settings]),
  ]),
  defaultPreload: 'intent',
  defaultPendingMinMs: 0,
  scrollRestoration: true,
  // The page is painted under a policy that allows no script in the page.
  defaultErrorComponent: Trouble,
  defaultNotFoundComponent: Lost,
});

// The code of the page that is opened comes while the session is asked for, and not after it.
for (const { routeId } of router.matchRoutes(router.latestLocation)) {
  const routes = router.routesById as unknown as Record<
    string,
    { options: { component?: { preload?: () => Promise<void> } } }
  >;
  const component = routes[routeId]?.options.component;
  // What fails here fails again where it is shown.
  component?.preload?.().catch(() => {});
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

// A session that ended is found out by whatever is asked next.
queryClient.getQueryCache().subscribe((event) => {
  if (event.type !== 'updated' || event.action.type !== 'error') return;
  const thrown = event.action.error as unknown;
  if (!(thrown instanceof Refused) || thrown.status !== 401) return;
  if (!router.state.location.pathname.startsWith('/a/')) return;
  const to = router.state.location.href;
  queryClient.clear();
  void router.navigate({ to: '/sign-in', search: { to } });
});
