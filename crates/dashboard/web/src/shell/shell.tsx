// The frame around an account's pages: where to go, who is here, and which environment is shown.
import { Dialog } from '@base-ui/react/dialog';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router';
import {
  Building2,
  ChevronsUpDown,
  KeyRound,
  LayoutDashboard,
  ListTree,
  LogOut,
  Menu as MenuIcon,
  Monitor,
  Moon,
  ScrollText,
  Settings2,
  Sun,
  UsersRound,
  X,
} from 'lucide-react';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { call } from '../api/call.ts';
import { follow, liveness } from '../api/live.ts';
import { announce } from '../parts/announce.tsx';
import { IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Segments } from '../parts/field.tsx';
import { Menu } from '../parts/menu.tsx';
import type { Environment } from '../reach.ts';
import { setTheme, type Theme, useTheme } from '../theme.ts';
import { languages, useLanguage, useSpeak, useWords } from '../words/words.tsx';
import { useHere, useProduct } from './account.ts';

export function Shell() {
  const words = useWords();
  const client = useQueryClient();
  const { id, env } = useHere();
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const before = useRef(pathname);

  useEffect(() => follow(client, id), [client, id]);

  // A new page begins at its top, for eyes and for ears.
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    setOpen(false);
    main.current?.focus({ preventScroll: true });
  }, [pathname]);

  const change = (next: Environment) => {
    // Of the page that is shown, not of this frame: a way from here would lead to the account's first page.
    const { pathname: to, search } = router.state.location;
    void router.navigate({ to, search: { ...search, env: next }, replace: true });
    announce(words.environment.now[next]);
  };

  return (
    <div className="flex min-h-dvh">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-60 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2 focus:shadow-raised"
      >
        {words.shell.skip}
      </a>
      <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 flex-col border-r border-line bg-surface lg:flex">
        <Side />
      </aside>
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Portal>
          <Dialog.Backdrop className="dialog-veil fixed inset-0 z-40 bg-[var(--veil)] lg:hidden" />
          <Dialog.Popup className="drawer-box fixed inset-y-0 left-0 z-50 flex w-64 flex-col border-r border-line bg-surface shadow-raised outline-none lg:hidden">
            <Dialog.Title className="sr-only">{words.shell.menu}</Dialog.Title>
            <Side onGo={() => setOpen(false)} />
            <IconButton label={words.action.close} onClick={() => setOpen(false)} className="absolute top-3 right-2">
              <X size={16} aria-hidden />
            </IconButton>
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-30 flex h-13 shrink-0 items-center gap-3 border-b border-line bg-canvas/90 px-4 backdrop-blur-md sm:px-6">
          <IconButton label={words.shell.menu} onClick={() => setOpen(true)} className="-ml-2 lg:hidden">
            <MenuIcon size={18} aria-hidden />
          </IconButton>
          <Live />
          <div className="ml-auto flex items-center gap-2">
            {env === 'test' ? (
              <span className="hidden text-xs font-medium text-test sm:inline">{words.environment.testHint}</span>
            ) : null}
            <Segments
              label={words.environment.label}
              value={env}
              onChange={change}
              options={[
                { value: 'test', label: words.environment.test, tone: 'test' },
                { value: 'live', label: words.environment.live, tone: 'live' },
              ]}
            />
          </div>
          <span
            aria-hidden
            className={cx(
              'absolute inset-x-0 -bottom-px h-px',
              env === 'test' ? 'bg-[var(--series-refused)]' : 'bg-transparent',
            )}
          />
        </header>
        <main id="main" ref={main} tabIndex={-1} className="mx-auto w-full max-w-6xl flex-1 px-4 py-6 sm:px-6">
          <Outlet />
        </main>
      </div>
    </div>
  );
}

function Live() {
  const words = useWords();
  const open = useSyncExternalStore(liveness.subscribe, liveness.open);
  return (
    <span
      className="flex items-center gap-1.5 text-xs text-ink-3"
      title={open ? words.shell.liveHelp : words.shell.pollingHelp}
    >
      <span aria-hidden className={cx('size-1.5 rounded-full', open ? 'bg-ok' : 'bg-line-strong')} />
      {open ? words.shell.live : words.shell.polling}
    </span>
  );
}

function Side({ onGo }: { onGo?: () => void }) {
  const words = useWords();
  const product = useProduct();
  const { id, session, membership, may } = useHere();
  const navigate = useNavigate();
  const places = [
    { to: '/a/$account/overview', label: words.nav.overview, icon: LayoutDashboard, shown: true },
    { to: '/a/$account/keys', label: words.nav.keys, icon: KeyRound, shown: may('keys_list') },
    { to: '/a/$account/companies', label: words.nav.companies, icon: Building2, shown: may('companies_list') },
    { to: '/a/$account/requests', label: words.nav.requests, icon: ListTree, shown: may('requests_list') },
    { to: '/a/$account/audit', label: words.nav.audit, icon: ScrollText, shown: may('audit_list') },
    { to: '/a/$account/team', label: words.nav.team, icon: UsersRound, shown: may('members_list') },
    { to: '/a/$account/settings', label: words.nav.settings, icon: Settings2, shown: true },
  ] as const;
  const others = session?.memberships ?? [];
  return (
    <>
      <div className="px-3 pt-3 pb-2">
        <div className="flex h-8 items-center gap-2 px-2 text-sm font-semibold tracking-tight">
          <img src="/mark.svg" alt="" width={20} height={20} />
          {product}
        </div>
        <div className="mt-2">
          {others.length > 1 ? (
            <Menu
              align="start"
              trigger={
                <button
                  type="button"
                  className="flex w-full items-center gap-2 rounded-md border border-line px-2 py-1.5 text-left hover:bg-hover"
                >
                  <AccountName
                    name={membership?.account.name ?? ''}
                    role={words.roles[membership?.role ?? 'viewer'].name}
                  />
                  <span className="sr-only">{words.shell.switchAccount}</span>
                  <ChevronsUpDown size={14} aria-hidden className="text-ink-3" />
                </button>
              }
              groups={[
                {
                  label: words.shell.accounts,
                  items: others.map((one) => ({
                    label: one.account.name,
                    checked: one.account.id === id,
                    onSelect: () => {
                      void navigate({ to: '/a/$account/overview', params: { account: one.account.id } });
                      onGo?.();
                    },
                  })),
                },
              ]}
            />
          ) : (
            <div className="flex items-center gap-2 rounded-md border border-line px-2 py-1.5">
              <AccountName
                name={membership?.account.name ?? ''}
                role={words.roles[membership?.role ?? 'viewer'].name}
              />
            </div>
          )}
        </div>
      </div>
      <nav aria-label={words.shell.sections} className="flex-1 overflow-y-auto px-3 py-1">
        <ul className="grid gap-0.5">
          {places
            .filter((place) => place.shown)
            .map((place) => (
              <li key={place.to}>
                <Link
                  to={place.to}
                  params={{ account: id }}
                  onClick={onGo}
                  className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm font-medium text-ink-2 transition-colors hover:bg-hover hover:text-ink"
                  activeProps={{ className: 'bg-accent-soft! text-accent-text!', 'aria-current': 'page' }}
                  activeOptions={{ includeSearch: false }}
                >
                  <place.icon size={16} aria-hidden />
                  {place.label}
                </Link>
              </li>
            ))}
        </ul>
      </nav>
      <Person />
    </>
  );
}

function AccountName({ name, role }: { name: string; role: string }) {
  return (
    <span className="min-w-0 flex-1">
      <span className="block truncate text-sm font-medium text-ink">{name}</span>
      <span className="block text-2xs text-ink-3">{role}</span>
    </span>
  );
}

function Person() {
  const words = useWords();
  const language = useLanguage();
  const speak = useSpeak();
  const theme = useTheme();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { session } = useHere();
  const name = session?.person.name ?? '';
  const themes: { id: Theme; icon: typeof Sun }[] = [
    { id: 'system', icon: Monitor },
    { id: 'light', icon: Sun },
    { id: 'dark', icon: Moon },
  ];
  const leave = async () => {
    try {
      await call('session_delete', {});
    } catch {
      announce(words.shell.signOutFailed, 'bad');
      return;
    }
    client.clear();
    void navigate({ to: '/sign-in' });
  };
  return (
    <div className="border-t border-line p-3">
      <Menu
        align="start"
        side="top"
        trigger={
          <button
            type="button"
            className="flex w-full items-center gap-2 rounded-md px-2 py-1.5 text-left hover:bg-hover"
          >
            <span
              aria-hidden
              className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent-text"
            >
              {initials(name)}
            </span>
            <span className="min-w-0 flex-1">
              <span className="block truncate text-sm font-medium">{name}</span>
              <span className="block truncate text-2xs text-ink-3">{session?.person.email}</span>
              <span className="sr-only">{words.shell.personMenu}</span>
            </span>
          </button>
        }
        groups={[
          {
            label: words.shell.theme,
            items: themes.map((one) => ({
              label: words.theme[one.id],
              icon: <one.icon size={14} aria-hidden />,
              checked: theme === one.id,
              onSelect: () => setTheme(one.id),
            })),
          },
          {
            label: words.shell.language,
            items: languages.map((one) => ({
              label: one.name,
              checked: language === one.id,
              onSelect: () => speak(one.id),
            })),
          },
          {
            items: [
              { label: words.shell.signOut, icon: <LogOut size={14} aria-hidden />, onSelect: () => void leave() },
            ],
          },
        ]}
      />
    </div>
  );
}

function initials(name: string): string {
  const parts = name.split(/\s+/).filter(Boolean);
  return ((parts[0]?.[0] ?? '?') + (parts.length > 1 ? (parts.at(-1)?.[0] ?? '') : '')).toUpperCase();
}
