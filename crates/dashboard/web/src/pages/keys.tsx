// The list of keys: what each is, may reach, was last used for, and what to look at.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import {
  createPaginatedRowModel,
  createSortedRowModel,
  rowPaginationFeature,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { ArrowDown, ArrowUp, ChevronsUpDown, Globe, KeyRound, Plus } from 'lucide-react';
import { lazy, Suspense, useMemo } from 'react';
import type { KeyOut } from '../api/generated.ts';
import { keysQuery } from '../api/queries.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { SearchField, SelectField } from '../parts/field.tsx';
import { FindingCount, useFinding } from '../parts/findings.tsx';
import { Badge, Card, cell, Empty, PageHead, ProblemNotice, shortId, Waiting, When } from '../parts/show.tsx';
import { type Environment, lastUse, stateOf } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useWords } from '../words/words.tsx';
import { stateTone } from './key-tone.ts';

/** Most visits make no key. */
const KeyCreate = lazy(async () => ({ default: (await import('./key-create.tsx')).KeyCreate }));

const route = getRouteApi('/a/$account/keys');

const features = tableFeatures({
  rowSortingFeature,
  rowPaginationFeature,
  sortedRowModel: createSortedRowModel(),
  paginatedRowModel: createPaginatedRowModel(),
});
const PAGE = 50;

export function Keys() {
  const words = useWords();
  const { id, env, may } = useHere();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(keysQuery(id));
  const set = (part: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const all = query.data?.data ?? [];
  const names = useNames();
  const say = useFinding();

  const found = useMemo(() => {
    const wanted = search.q?.toLowerCase();
    return all.filter((key) => {
      if (wanted && !texts(key).some((text) => text.toLowerCase().includes(wanted))) return false;
      const state = stateOf(key);
      // What is over is out of the way until it is asked for.
      if (search.status ? search.status !== state && search.status !== 'any' : state === 'revoked') return false;
      if (search.kind && (search.kind === 'browser' ? !key.origins.length : key.kind !== search.kind)) return false;
      if (search.company && (key.companies === 'all' || !key.companies.includes(search.company))) return false;
      if (search.finding === 'warning') return key.findings.some((one) => one.level === 'warning');
      if (search.finding) return key.findings.some((one) => one.code === search.finding);
      return true;
    });
  }, [all, search]);

  const codes = useMemo(() => [...new Set(all.flatMap((key) => key.findings.map((one) => one.code)))].sort(), [all]);
  const filtered = Boolean(search.q || search.status || search.kind || search.finding || search.company);
  const create = may('keys_create') ? (
    <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => set({ create: true })}>
      {words.keys.create}
    </Button>
  ) : null;

  return (
    <>
      <PageHead title={words.keys.title} lead={words.keys.lead} actions={create} />
      <Card flush>
        <div className="grid grid-cols-2 gap-2 border-b border-line p-3 sm:flex sm:flex-wrap">
          <SearchField
            className="col-span-2 sm:w-64"
            label={words.keys.search}
            value={search.q ?? ''}
            onChange={(q) => set({ q: q || undefined })}
          />
          <SelectField
            quiet
            className="sm:w-36"
            label={words.keys.status}
            value={search.status ?? ''}
            onChange={(status) => set({ status: status || undefined })}
            options={[
              { value: '', label: words.keys.statusCurrent },
              ...(['active', 'disabled', 'expired', 'revoked'] as const).map((state) => ({
                value: state,
                label: words.keys.states[state],
              })),
              { value: 'any', label: words.keys.statusAny },
            ]}
          />
          <SelectField
            quiet
            className="sm:w-36"
            label={words.keys.kind}
            value={search.kind ?? ''}
            onChange={(kind) => set({ kind: kind || undefined })}
            options={[
              { value: '', label: words.keys.kindAny },
              { value: 'primary', label: words.keys.kinds.primary },
              { value: 'restricted', label: words.keys.kinds.restricted },
              { value: 'browser', label: words.keys.kinds.browser },
            ]}
          />
          <SelectField
            quiet
            className="sm:w-44"
            label={words.keys.findings}
            value={search.finding ?? ''}
            onChange={(finding) => set({ finding: finding || undefined })}
            options={[
              { value: '', label: words.keys.findingAny },
              { value: 'warning', label: words.keys.findingWarning },
              ...codes.map((code) => ({ value: code, label: say({ code }).title })),
            ]}
          />
          {names.companies?.length ? (
            <SelectField
              quiet
              className="sm:w-40"
              label={words.keys.companies}
              value={search.company ?? ''}
              onChange={(company) => set({ company: company || undefined })}
              options={[
                { value: '', label: words.keys.companyAny },
                ...names.companies.map((one) => ({ value: one.id, label: one.name })),
              ]}
            />
          ) : null}
        </div>
        {query.error && !query.data ? (
          <div className="p-4">
            <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ) : query.isPending ? (
          <Waiting rows={8} />
        ) : found.length ? (
          <KeyTable keys={found} env={env} />
        ) : (
          <Empty
            icon={<KeyRound size={18} />}
            title={filtered ? words.keys.noneFound : words.keys.none}
            action={
              filtered ? (
                <Button onClick={() => void navigate({ search: (old) => ({ env: old.env }) as never })}>
                  {words.action.clearFilters}
                </Button>
              ) : (
                create
              )
            }
          >
            {filtered ? words.keys.noneFoundDetail : words.keys.noneDetail}
          </Empty>
        )}
        {found.length === 1 && found[0]?.kind === 'primary' && !filtered ? (
          <div className="border-t border-line">
            <Empty icon={<KeyRound size={18} />} title={words.keys.onlyPrimary} action={create}>
              {words.keys.onlyPrimaryDetail}
            </Empty>
          </div>
        ) : null}
      </Card>
      {search.create === true && may('keys_create') ? (
        <Suspense>
          <KeyCreate open onClose={() => set({ create: undefined })} />
        </Suspense>
      ) : null}
    </>
  );
}

const texts = (key: KeyOut) => [
  key.description,
  key.id,
  key.kind,
  key.test?.last_four ?? '',
  key.live?.last_four ?? '',
  key.test?.client_id ?? '',
  key.live?.client_id ?? '',
  ...key.origins,
];

function KeyTable({ keys, env }: { keys: KeyOut[]; env: Environment }) {
  const words = useWords();
  const { id } = useHere();
  const names = useNames();
  const columns = useMemo(
    () => [
      {
        id: 'name',
        accessorFn: (key: KeyOut) => (key.kind === 'primary' ? '' : key.description.toLowerCase()),
        sortFn: sortFn_basic,
      },
      { id: 'used', accessorFn: (key: KeyOut) => Date.parse(lastUse(key, env) ?? '') || 0, sortFn: sortFn_basic },
      { id: 'created', accessorFn: (key: KeyOut) => Date.parse(key.created_at), sortFn: sortFn_basic },
      {
        id: 'findings',
        accessorFn: (key: KeyOut) =>
          key.findings.filter((one) => one.level === 'warning').length * 100 + key.findings.length,
        sortFn: sortFn_basic,
      },
    ],
    [env],
  );
  const table = useTable({
    features,
    columns,
    data: keys,
    getRowId: (key: KeyOut) => key.id,
    initialState: { pagination: { pageIndex: 0, pageSize: PAGE }, sorting: [{ id: 'created', desc: true }] },
    autoResetPageIndex: false,
  });
  const rows = table.getRowModel().rows;
  const { pageIndex } = table.state.pagination;
  const pages = table.getPageCount();
  const head = (column: string, label: string, className?: string) => {
    const sorted = table.getColumn(column)?.getIsSorted();
    const Icon = sorted === 'asc' ? ArrowUp : sorted === 'desc' ? ArrowDown : ChevronsUpDown;
    return (
      <th
        scope="col"
        className={cx(cell.head, className)}
        aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
      >
        <button
          type="button"
          className="-mx-1 inline-flex items-center gap-1 rounded px-1 hover:text-ink"
          onClick={() => table.getColumn(column)?.toggleSorting(sorted === 'desc' ? false : sorted !== 'asc')}
        >
          {label}
          <Icon size={11} aria-hidden className={sorted ? '' : 'opacity-50'} />
        </button>
      </th>
    );
  };
  return (
    <>
      <table className="w-full text-sm">
        <caption className="sr-only">{words.keys.title}</caption>
        <thead>
          <tr>
            {head('name', words.keys.key)}
            <th scope="col" className={cx(cell.head, 'hidden md:table-cell')}>
              {words.keys.may}
            </th>
            <th scope="col" className={cx(cell.head, 'hidden lg:table-cell')}>
              {words.keys.companies}
            </th>
            <th scope="col" className={cx(cell.head, 'hidden sm:table-cell')}>
              {words.keys.secret}
            </th>
            {head('used', words.keys.lastUsed, 'hidden md:table-cell')}
            <th scope="col" className={cell.head}>
              {words.keys.status}
            </th>
            {head('findings', words.keys.findings, 'hidden sm:table-cell')}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ original: key }) => {
            const state = stateOf(key);
            const half = key[env];
            const used = half?.last_used?.at;
            const over = state === 'revoked' || state === 'expired';
            return (
              <tr key={key.id} className={cx(cell.row, 'relative')}>
                <td className={cx(cell.body, 'w-full max-w-0')}>
                  <Link
                    to="/a/$account/keys/$key"
                    params={{ account: id, key: key.id }}
                    className={cx(
                      'block truncate font-medium after:absolute after:inset-0',
                      over ? 'text-ink-3' : 'text-ink',
                    )}
                  >
                    {key.description || (key.kind === 'primary' ? words.keys.primaryName : words.keys.unnamed)}
                  </Link>
                  <span className="flex items-center gap-1.5 truncate text-xs text-ink-3">
                    <code className="whitespace-nowrap">{shortId(key.id)}</code>
                    {key.origins.length ? <Globe size={12} role="img" aria-label={words.keys.kinds.browser} /> : null}
                    <span className="sm:hidden">{used ? <When at={used} /> : null}</span>
                  </span>
                </td>
                <td className={cx(cell.body, 'hidden whitespace-nowrap md:table-cell')}>
                  {key.kind === 'primary' ? (
                    <Badge tone="accent">{words.keys.kinds.primary}</Badge>
                  ) : (
                    <span className="text-ink-2">
                      {words.presets[key.preset as keyof typeof words.presets]?.name ?? key.preset}
                    </span>
                  )}
                </td>
                <td className={cx(cell.body, 'hidden max-w-48 truncate whitespace-nowrap text-ink-2 lg:table-cell')}>
                  {key.companies === 'all'
                    ? words.keys.allCompanies
                    : key.companies.length === 0
                      ? words.keys.noCompany
                      : key.companies.length === 1
                        ? (names.company(key.companies[0] ?? '') ?? words.keys.companyCount(1))
                        : words.keys.companyCount(key.companies.length)}
                </td>
                <td className={cx(cell.body, 'hidden whitespace-nowrap sm:table-cell')}>
                  {half ? (
                    <code className="text-ink-2">…{half.last_four}</code>
                  ) : (
                    <span className="text-xs text-ink-3">{words.keys.otherOnly[env === 'test' ? 'live' : 'test']}</span>
                  )}
                </td>
                <td className={cx(cell.body, 'hidden text-ink-2 md:table-cell')}>
                  {used ? <When at={used} /> : <span className="text-ink-3">{words.keys.never}</span>}
                </td>
                <td className={cell.body}>
                  <Badge tone={stateTone[state]} dot>
                    {words.keys.states[state]}
                  </Badge>
                </td>
                <td className={cx(cell.body, 'hidden sm:table-cell')}>
                  <FindingCount findings={key.findings} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <div className="flex items-center justify-between gap-2 border-t border-line px-4 py-2 text-xs text-ink-3">
        <p aria-live="polite">
          {words.keys.range(pageIndex * PAGE + 1, Math.min(keys.length, (pageIndex + 1) * PAGE), keys.length)}
        </p>
        {pages > 1 ? (
          <div className="flex gap-1.5">
            <Button size="sm" disabled={!table.getCanPreviousPage()} onClick={() => table.previousPage()}>
              {words.action.previous}
            </Button>
            <Button size="sm" disabled={!table.getCanNextPage()} onClick={() => table.nextPage()}>
              {words.action.next}
            </Button>
          </div>
        ) : null}
      </div>
    </>
  );
}
