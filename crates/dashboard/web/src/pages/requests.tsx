// The request log: who asked for what, what came of it, and why.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ListTree } from 'lucide-react';
import { useMemo } from 'react';
import type { RequestOut } from '../api/generated.ts';
import { operationsQuery, requestQuery, requestsQuery } from '../api/queries.ts';
import { duration, time } from '../format.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { SelectField } from '../parts/field.tsx';
import {
  Badge,
  Card,
  CopyId,
  cell,
  Empty,
  Facts,
  Notice,
  PageHead,
  ProblemNotice,
  shortId,
  type Tone,
  Waiting,
  When,
} from '../parts/show.tsx';
import { Remedies, Trace } from '../parts/trace.tsx';
import { plainPath } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useLanguage, useWords } from '../words/words.tsx';

const route = getRouteApi('/a/$account/requests');

const tones: Record<string, Tone> = {
  ok: 'ok',
  client_error: 'plain',
  server_error: 'bad',
  refused: 'warn',
  limited: 'warn',
};

export function Requests() {
  const words = useWords();
  const language = useLanguage();
  const { id, env } = useHere();
  const names = useNames();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const operations = useQuery(operationsQuery).data?.data ?? [];
  const set = (part: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const since = useMemo(
    () => (search.hours ? new Date(Date.now() - Number(search.hours) * 3_600_000).toISOString() : undefined),
    [search.hours],
  );
  const query = useInfiniteQuery(
    requestsQuery(id, {
      environment: env,
      ...(search.key ? { key_id: search.key } : {}),
      ...(search.operation ? { operation: search.operation } : {}),
      ...(search.status ? { status: search.status } : {}),
      ...(search.reason ? { reason: search.reason } : {}),
      ...(since ? { since } : {}),
    }),
  );
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = Boolean(search.key || search.operation || search.status || search.reason || search.hours);
  const paths = new Map(operations.map((one) => [one.id, plainPath(one.path)]));
  const reasons = Object.entries(words.reasons).sort(([, a], [, b]) => a.localeCompare(b));
  return (
    <>
      <PageHead title={words.requests.title} lead={words.requests.lead} />
      <Card flush>
        <div className="grid grid-cols-2 gap-2 border-b border-line p-3 sm:flex sm:flex-wrap">
          <SelectField
            quiet
            className="sm:w-44"
            label={words.requests.key}
            value={search.key ?? ''}
            onChange={(key) => set({ key: key || undefined })}
            options={[
              { value: '', label: words.requests.anyKey },
              ...(names.keys ?? []).map((one) => ({ value: one.id, label: names.key(one.id) ?? one.id })),
              ...(search.key && !names.keys?.some((one) => one.id === search.key)
                ? [{ value: search.key, label: shortId(search.key) }]
                : []),
            ]}
          />
          <SelectField
            quiet
            className="sm:w-48"
            label={words.requests.operation}
            value={search.operation ?? ''}
            onChange={(operation) => set({ operation: operation || undefined })}
            options={[
              { value: '', label: words.requests.anyOperation },
              ...operations.map((one) => ({ value: one.id, label: `${one.method} ${plainPath(one.path)}` })),
            ]}
          />
          <SelectField
            quiet
            className="sm:w-36"
            label={words.requests.status}
            value={search.status ?? ''}
            onChange={(status) => set({ status: status || undefined })}
            options={[
              { value: '', label: words.keys.statusAny },
              ...['2xx', '3xx', '4xx', '5xx'].map((value) => ({ value, label: value })),
            ]}
          />
          <SelectField
            quiet
            className="sm:w-44"
            label={words.requests.reason}
            value={search.reason ?? ''}
            onChange={(reason) => set({ reason: reason || undefined })}
            options={[
              { value: '', label: words.requests.anyReason },
              ...reasons.map(([value, label]) => ({ value, label })),
            ]}
          />
          <SelectField
            quiet
            className="sm:w-36"
            label={words.requests.time}
            value={search.hours ?? ''}
            onChange={(hours) => set({ hours: hours || undefined })}
            options={[
              { value: '', label: words.requests.anyTime },
              { value: '1', label: words.requests.lastHour },
              { value: '24', label: words.overview.day },
              { value: '168', label: words.overview.week },
            ]}
          />
        </div>
        {query.error && !query.data ? (
          <div className="p-4">
            <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ) : query.isPending ? (
          <Waiting rows={10} />
        ) : rows.length === 0 ? (
          <Empty
            icon={<ListTree size={18} />}
            title={filtered ? words.requests.noneFound : words.requests.none}
            action={
              filtered ? (
                <Button onClick={() => void navigate({ search: (old) => ({ env: old.env }) as never })}>
                  {words.action.clearFilters}
                </Button>
              ) : undefined
            }
          >
            {filtered ? words.requests.noneFoundDetail : words.requests.noneDetail}
          </Empty>
        ) : (
          <>
            <table className="w-full text-sm">
              <caption className="sr-only">{words.requests.title}</caption>
              <thead>
                <tr>
                  <th scope="col" className={cx(cell.head, 'hidden sm:table-cell')}>
                    {words.requests.time}
                  </th>
                  <th scope="col" className={cell.head}>
                    {words.requests.outcome}
                  </th>
                  <th scope="col" className={cell.head}>
                    {words.requests.operation}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden md:table-cell')}>
                    {words.requests.key}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden lg:table-cell')}>
                    {words.requests.address}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden text-right md:table-cell')}>
                    {words.requests.duration}
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((one) => (
                  <tr key={one.id} className={cx(cell.row, 'relative')}>
                    <td
                      className={cx(cell.body, 'hidden whitespace-nowrap text-ink-2 tabular-nums sm:table-cell')}
                      title={time(language, one.at, 'exact')}
                    >
                      {time(language, one.at, 'short')}
                    </td>
                    <td className={cx(cell.body, 'whitespace-nowrap')}>
                      <Badge tone={tones[one.outcome] ?? 'plain'}>
                        <span className="tabular-nums">{one.status}</span>
                        <span className="hidden sm:inline">
                          {words.outcomes[one.outcome as keyof typeof words.outcomes] ?? one.outcome}
                        </span>
                      </Badge>
                    </td>
                    <td className={cx(cell.body, 'max-w-0 w-full')}>
                      <Link
                        to="."
                        search={(old) => ({ ...old, id: one.id }) as never}
                        replace
                        className="block truncate after:absolute after:inset-0"
                        resetScroll={false}
                      >
                        <code className="text-ink">
                          <span className="mr-1.5 font-semibold text-ink-3">{one.method}</span>
                          {one.operation ? (paths.get(one.operation) ?? one.operation) : words.requests.noOperation}
                        </code>
                      </Link>
                      <span className="block truncate text-xs text-ink-3">
                        <span className="sm:hidden">
                          {time(language, one.at, 'short')}
                          {one.reason || one.company_id ? ' · ' : ''}
                        </span>
                        {one.reason ? (words.reasons[one.reason as keyof typeof words.reasons] ?? one.reason) : null}
                        {one.company_id
                          ? `${one.reason ? ' · ' : ''}${names.company(one.company_id) ?? shortId(one.company_id)}`
                          : null}
                      </span>
                    </td>
                    <td className={cx(cell.body, 'hidden max-w-44 truncate text-ink-2 md:table-cell')}>
                      {one.key_id ? (
                        (names.key(one.key_id) ?? shortId(one.key_id))
                      ) : (
                        <span className="text-ink-3">{words.requests.noKey}</span>
                      )}
                    </td>
                    <td className={cx(cell.body, 'hidden lg:table-cell')}>
                      <code className="text-ink-2">{one.address}</code>
                    </td>
                    <td
                      className={cx(
                        cell.body,
                        'hidden text-right whitespace-nowrap text-ink-2 tabular-nums md:table-cell',
                      )}
                    >
                      {duration(language, one.duration_micros)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <div className="flex items-center justify-between gap-2 border-t border-line px-4 py-2 text-xs text-ink-3">
              <p aria-live="polite">{words.requests.shown(rows.length)}</p>
              {query.hasNextPage ? (
                <Button size="sm" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {words.action.more}
                </Button>
              ) : null}
            </div>
          </>
        )}
      </Card>
      {search.id ? <One id={search.id} onClose={() => set({ id: undefined })} /> : null}
    </>
  );
}

function One({ id: request_id, onClose }: { id: string; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  const query = useQuery(requestQuery(id, request_id));
  const trace = query.data;
  return (
    <Dialog
      open
      place="side"
      size="md"
      onClose={onClose}
      title={words.requests.one}
      description={<CopyId value={request_id} />}
    >
      {query.error ? (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : trace ? (
        <div className="grid grid-cols-1 gap-5">
          {trace.refusal ? (
            <Notice
              tone="warn"
              title={words.reasons[trace.refusal.reason as keyof typeof words.reasons] ?? trace.refusal.reason}
            >
              <span lang="en">{trace.refusal.rule}</span>
            </Notice>
          ) : null}
          <div className="-mx-1 rounded-lg border border-line">
            <RequestFacts of={trace.request} secret={trace.secret ?? null} />
          </div>
          <section>
            <h3 className="mb-2 text-sm font-semibold">{words.requests.now}</h3>
            {trace.now ? (
              <Trace of={trace.now} />
            ) : (
              <p className="text-sm text-ink-3" lang="en">
                {trace.not_replayed}
              </p>
            )}
            {trace.now ? null : <Remedies of={trace.remedies} />}
          </section>
        </div>
      ) : (
        <Waiting rows={10} />
      )}
    </Dialog>
  );
}

function RequestFacts({ of, secret }: { of: RequestOut; secret: string | null }) {
  const words = useWords();
  const language = useLanguage();
  const { id } = useHere();
  const names = useNames();
  return (
    <Facts
      of={[
        [
          words.requests.outcome,
          <Badge key="o" tone={tones[of.outcome] ?? 'plain'}>
            {of.status} {words.outcomes[of.outcome as keyof typeof words.outcomes] ?? of.outcome}
          </Badge>,
        ],
        [words.requests.time, <When key="t" at={of.at} exact />],
        [
          words.requests.operation,
          <code key="p" className="break-all">
            {of.method} {of.operation ?? words.requests.noOperation}
          </code>,
        ],
        [
          words.requests.key,
          of.key_id ? (
            <Link
              key="k"
              to="/a/$account/keys/$key"
              params={{ account: id, key: of.key_id }}
              className="font-medium text-accent-text hover:underline"
            >
              {names.key(of.key_id) ?? shortId(of.key_id)}
            </Link>
          ) : (
            words.requests.noKey
          ),
        ],
        ...(secret
          ? ([
              [words.requests.secret, words.requests.secrets[secret as keyof typeof words.requests.secrets] ?? secret],
            ] as [string, string][])
          : []),
        ...(of.company_id
          ? ([[words.requests.company, names.company(of.company_id) ?? of.company_id]] as [string, string][])
          : []),
        [words.requests.address, <code key="a">{of.address}</code>],
        ...(of.origin
          ? ([
              [
                words.requests.origin,
                <code key="or" className="break-all">
                  {of.origin}
                </code>,
              ],
            ] as [string, React.ReactNode][])
          : []),
        ...(of.user_agent
          ? ([
              [
                words.requests.agent,
                <span key="ua" className="break-words">
                  {of.user_agent}
                </span>,
              ],
            ] as [string, React.ReactNode][])
          : []),
        ...(of.limit ? ([[words.requests.limit, <code key="l">{of.limit}</code>]] as [string, React.ReactNode][]) : []),
        [words.requests.duration, duration(language, of.duration_micros)],
      ]}
    />
  );
}
