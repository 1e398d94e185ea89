// An account at a glance: what was asked, what was refused, and what wants a hand.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Activity, ArrowRight, CircleCheck, KeyRound, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { OverviewOut } from '../api/generated.ts';
import { overviewQuery } from '../api/queries.ts';
import { number, percent } from '../format.ts';
import { buttonClass } from '../parts/button.tsx';
import { Ranking, StackedBars } from '../parts/chart.tsx';
import { Segments } from '../parts/field.tsx';
import { useFinding } from '../parts/findings.tsx';
import { Card, Empty, PageHead, ProblemNotice, shortId, Waiting } from '../parts/show.tsx';
import { useHere } from '../shell/account.ts';
import { useLanguage, useWords } from '../words/words.tsx';
import { filled, outcomes, totals } from './outcomes.ts';
import { Limits } from './overview-limits.tsx';

const route = getRouteApi('/a/$account/overview');

export function Overview() {
  const words = useWords();
  const { id, env } = useHere();
  const { hours } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(overviewQuery(id, env, hours));
  return (
    <>
      <PageHead
        title={words.overview.title}
        lead={words.overview.lead(words.environment[env].toLowerCase())}
        actions={
          <Segments
            label={words.overview.span}
            value={String(hours) as '24' | '168' | '720'}
            onChange={(next) => void navigate({ search: (old) => ({ ...old, hours: Number(next) }), replace: true })}
            options={[
              { value: '24', label: words.overview.day },
              { value: '168', label: words.overview.week },
              { value: '720', label: words.overview.month },
            ]}
          />
        }
      />
      {query.error && !query.data ? (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Shown of={query.data} />
      ) : (
        <Card flush>
          <Waiting rows={9} />
        </Card>
      )}
    </>
  );
}

function Shown({ of }: { of: OverviewOut }) {
  const words = useWords();
  const language = useLanguage();
  const { id, may } = useHere();
  const say = useFinding();
  const spans = filled(
    of.spans.map((one) => ({ start: one.start, values: { ...one } as unknown as Record<string, number> })),
    of,
  );
  const sums = totals(spans);
  const all = Object.values(sums).reduce((a, b) => a + b, 0);
  const { series, summary } = outcomes(words, language, spans);
  // What may do harm stands first, however few keys have it.
  const findings = [...of.findings].sort((a, b) => Number(b.level === 'warning') - Number(a.level === 'warning'));
  const warnings = of.findings.filter((one) => one.level === 'warning').reduce((sum, one) => sum + one.count, 0);
  const keyLink = (key: string, label: string) => (
    <Link
      to="/a/$account/keys/$key"
      params={{ account: id, key }}
      className="font-medium text-ink hover:text-accent-text hover:underline"
    >
      {label}
    </Link>
  );
  return (
    <div className="grid grid-cols-1 gap-4">
      <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface shadow-card lg:grid-cols-4">
        <Figure label={words.overview.requests} value={number(language, all)} />
        <Figure
          label={words.overview.succeeded}
          value={all ? percent(language, sums.ok / all) : '–'}
          detail={words.overview.of(number(language, sums.ok))}
        />
        <Figure
          label={words.overview.refused}
          value={number(language, sums.refused + sums.limited)}
          detail={all ? words.overview.share(percent(language, (sums.refused + sums.limited) / all)) : undefined}
        />
        <Figure
          label={words.overview.failed}
          value={number(language, sums.server_error)}
          detail={words.overview.failedDetail}
        />
      </dl>
      <Card title={words.overview.byOutcome}>
        {all ? (
          <StackedBars
            title={words.overview.byOutcome}
            summary={summary}
            spans={spans}
            series={series}
            byDay={of.granularity === 'day'}
          />
        ) : (
          <Empty
            icon={<Activity size={18} />}
            title={words.overview.nothing}
            action={
              may('keys_create') ? (
                <Link
                  to="/a/$account/keys"
                  params={{ account: id }}
                  search={{ create: true } as never}
                  className={buttonClass('primary')}
                >
                  {words.keys.create}
                </Link>
              ) : undefined
            }
          >
            {words.overview.nothingDetail}
          </Empty>
        )}
      </Card>
      <div className="grid grid-cols-1 items-start gap-4 md:grid-cols-2">
        <Card
          flush
          title={words.overview.findings}
          description={warnings ? words.overview.findingsWarnings(warnings) : undefined}
          aside={<More to="keys" />}
        >
          {of.findings.length ? (
            <ul className="divide-y divide-line">
              {findings.slice(0, 6).map((one) => (
                <li key={one.code} className="flex items-center gap-3 px-4 py-2 text-sm">
                  <TriangleAlert
                    size={14}
                    aria-hidden
                    className={one.level === 'warning' ? 'shrink-0 text-warn' : 'shrink-0 text-ink-3 opacity-60'}
                  />
                  <span className="min-w-0 flex-1">{say({ code: one.code, level: one.level }).title}</span>
                  <Link
                    to="/a/$account/keys"
                    params={{ account: id }}
                    search={{ finding: one.code } as never}
                    className="shrink-0 text-xs font-medium text-accent-text hover:underline"
                  >
                    {words.overview.keys(one.count)}
                  </Link>
                </li>
              ))}
            </ul>
          ) : (
            <Empty icon={<CircleCheck size={18} />} title={words.overview.noFindings}>
              {words.overview.noFindingsDetail}
            </Empty>
          )}
        </Card>
        <Card flush title={words.overview.topKeys} aside={<More to="keys" />}>
          {of.top_keys.length ? (
            <Ranking
              rows={of.top_keys.slice(0, 6).map((one) => ({
                id: one.key_id,
                count: one.count,
                label: keyLink(
                  one.key_id,
                  one.description ||
                    (one.kind === 'primary'
                      ? words.keys.primaryName
                      : one.kind
                        ? words.keys.unnamed
                        : shortId(one.key_id)),
                ),
              }))}
            />
          ) : (
            <Empty icon={<KeyRound size={18} />} title={words.overview.noKeys}>
              {words.overview.noKeysDetail}
            </Empty>
          )}
        </Card>
        <Card flush title={words.overview.refusals} aside={<More to="requests" />}>
          {of.refusals.length ? (
            <Ranking
              rows={of.refusals.slice(0, 6).map((one) => ({
                id: one.reason,
                count: one.count,
                color: 'var(--series-refused)',
                label: (
                  <Link
                    to="/a/$account/requests"
                    params={{ account: id }}
                    search={{ reason: one.reason } as never}
                    className="text-ink hover:text-accent-text hover:underline"
                  >
                    {words.reasons[one.reason as keyof typeof words.reasons] ?? one.reason}
                  </Link>
                ),
              }))}
            />
          ) : (
            <Empty icon={<CircleCheck size={18} />} title={words.overview.noRefusals}>
              {words.overview.noRefusalsDetail}
            </Empty>
          )}
        </Card>
        <Limits of={of} />
      </div>
    </div>
  );
}

function Figure(props: { label: string; value: ReactNode; detail?: string | undefined }) {
  return (
    <div className="-mt-px -ml-px border-t border-l border-line px-4 py-3">
      <dt className="text-xs font-medium text-ink-3">{props.label}</dt>
      <dd className="mt-0.5 text-2xl font-semibold tracking-tight tabular-nums text-ink">
        {props.value}
        {props.detail ? (
          <span className="block text-xs leading-5 font-normal tracking-normal text-ink-3">{props.detail}</span>
        ) : null}
      </dd>
    </div>
  );
}

function More({ to }: { to: 'keys' | 'requests' }) {
  const words = useWords();
  const { id } = useHere();
  return (
    <Link
      to={to === 'keys' ? '/a/$account/keys' : '/a/$account/requests'}
      params={{ account: id }}
      className="inline-flex items-center gap-1 rounded text-xs font-medium text-ink-3 hover:text-ink"
    >
      {words.nav[to]}
      <ArrowRight size={12} aria-hidden />
    </Link>
  );
}
