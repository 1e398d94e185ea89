// One key: what it is, who used it, what to look at, and everything that can be done with it.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft, Ban, Ellipsis, Pause, Pencil, Play, RotateCw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { CredentialOut, KeyOut } from '../api/generated.ts';
import { keyQuery, operationsQuery, usageQuery } from '../api/queries.ts';
import { span } from '../format.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { StackedBars } from '../parts/chart.tsx';
import { cx } from '../parts/class.ts';
import { Segments } from '../parts/field.tsx';
import { Findings } from '../parts/findings.tsx';
import { Menu } from '../parts/menu.tsx';
import { OperationTable } from '../parts/operations.tsx';
import {
  Badge,
  Card,
  CopyId,
  Empty,
  Facts,
  Notice,
  PageHead,
  ProblemNotice,
  shortId,
  Waiting,
  When,
} from '../parts/show.tsx';
import { type Environment, type Fix, stateOf } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useLanguage, useWords } from '../words/words.tsx';
import { Delete, Disable, Edit, Enable, EndPrevious, Revoke, Rotate } from './key-actions.tsx';
import { BrowserWarning } from './key-form.tsx';
import { stateTone } from './key-tone.ts';
import { Try } from './key-try.tsx';
import { outcomes, spansOf } from './outcomes.ts';

const route = getRouteApi('/a/$account/keys/$key');

export type Doing = 'edit' | 'rotate' | 'disable' | 'enable' | 'revoke' | 'delete' | 'end';

export function Key() {
  const words = useWords();
  const { key: key_id } = route.useParams();
  const { id } = useHere();
  const query = useQuery(keyQuery(id, key_id));
  const back = (
    <Link
      to="/a/$account/keys"
      params={{ account: id }}
      className="mb-1 inline-flex items-center gap-1 rounded text-xs font-medium text-ink-3 hover:text-ink"
    >
      <ArrowLeft size={13} aria-hidden />
      {words.keys.title}
    </Link>
  );
  if (query.data) return <Shown of={query.data} back={back} />;
  return (
    <>
      {back}
      {query.error ? <ProblemNotice error={query.error} onRetry={() => void query.refetch()} /> : <Waiting rows={8} />}
    </>
  );
}

function Shown({ of: key, back }: { of: KeyOut; back: React.ReactNode }) {
  const words = useWords();
  const { env, may } = useHere();
  const names = useNames();
  const language = useLanguage();
  const [doing, setDoing] = useState<{ what: Doing; focus?: Fix | undefined } | undefined>();
  const state = stateOf(key);
  const primary = key.kind === 'primary';
  const final = key.status === 'revoked';
  const operations = useQuery(operationsQuery).data?.data ?? [];
  const close = () => setDoing(undefined);
  const companies = key.companies === 'all' ? [] : key.companies.map((one) => names.company(one) ?? one);

  // Who registered the account made its primary key; a member who is gone is known by the id alone.
  const maker = key.created_by
    ? words.key.madeBy(names.member(key.created_by) ?? shortId(key.created_by))
    : primary
      ? words.key.madeWithAccount
      : words.key.madeByOperator;

  const fix = (wanted: Fix) => {
    if (wanted === 'rotate') setDoing({ what: 'rotate' });
    else if (wanted === 'previous') setDoing({ what: 'end' });
    else if (wanted === 'revoke') setDoing({ what: 'revoke' });
    else setDoing({ what: 'edit', focus: wanted });
  };
  const can = (wanted: Fix) => {
    if (wanted === 'rotate') return may('keys_rotate');
    if (wanted === 'previous') return may('keys_end_previous') && Boolean(key.test?.previous ?? key.live?.previous);
    if (wanted === 'revoke') return !primary && may('keys_revoke');
    return may('keys_update') && !final;
  };

  return (
    <>
      <PageHead
        above={back}
        name={key.description || (primary ? words.keys.primaryName : words.keys.unnamed)}
        title={
          <span className="flex flex-wrap items-center gap-2">
            {key.description || (primary ? words.keys.primaryName : words.keys.unnamed)}
            <Badge tone={stateTone[state]} dot>
              {words.keys.states[state]}
            </Badge>
            {primary ? <Badge tone="accent">{words.keys.kinds.primary}</Badge> : null}
          </span>
        }
        lead={<CopyId value={key.id} />}
        actions={
          <>
            {may('keys_update') && !final ? (
              <Button icon={<Pencil size={14} aria-hidden />} onClick={() => setDoing({ what: 'edit' })}>
                {words.key.edit}
              </Button>
            ) : null}
            {may('keys_rotate') && !final ? (
              <Button icon={<RotateCw size={14} aria-hidden />} onClick={() => setDoing({ what: 'rotate' })}>
                {words.key.rotate}
              </Button>
            ) : null}
            {!primary && may('keys_revoke') && !final ? (
              <Button
                look="danger-quiet"
                icon={<Ban size={14} aria-hidden />}
                onClick={() => setDoing({ what: 'revoke' })}
              >
                {words.key.revoke}
              </Button>
            ) : null}
            <Menu
              trigger={
                <IconButton label={words.key.more}>
                  <Ellipsis size={16} aria-hidden />
                </IconButton>
              }
              groups={[
                {
                  items: [
                    ...(key.status === 'active' && may('keys_disable')
                      ? [
                          {
                            label: words.key.disable,
                            icon: <Pause size={14} aria-hidden />,
                            onSelect: () => setDoing({ what: 'disable' }),
                          },
                        ]
                      : []),
                    ...(key.status === 'disabled' && may('keys_enable')
                      ? [
                          {
                            label: words.key.enable,
                            icon: <Play size={14} aria-hidden />,
                            onSelect: () => setDoing({ what: 'enable' }),
                          },
                        ]
                      : []),
                  ],
                },
                {
                  items:
                    !primary && may('keys_delete')
                      ? [
                          {
                            label: words.key.delete,
                            icon: <Trash2 size={14} aria-hidden />,
                            danger: true,
                            onSelect: () => setDoing({ what: 'delete' }),
                          },
                        ]
                      : [],
                },
              ]}
            />
          </>
        }
      />
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="grid grid-cols-1 gap-4">
          {key.origins.length && !final ? <BrowserWarning /> : null}
          {key.findings.length ? (
            <Card flush title={words.key.findings}>
              <Findings findings={key.findings} onFix={fix} can={can} />
            </Card>
          ) : null}
          <Usage of={key} />
          <Card flush title={words.operations.titleKey}>
            <OperationTable
              operations={operations}
              scopes={key.scopes}
              restricted={key.companies !== 'all'}
              primary={key.kind === 'primary'}
              companies={companies}
              className="h-80"
            />
          </Card>
          {may('explain_in_account') ? <Try of={key} /> : null}
        </div>
        <div className="grid grid-cols-1 gap-4">
          <Card flush title={words.key.credentials}>
            {(env === 'test' ? (['test', 'live'] as const) : (['live', 'test'] as const)).map((environment) => (
              <Credential
                key={environment}
                of={key[environment] ?? undefined}
                environment={environment}
                current={environment === env}
                onEnd={may('keys_end_previous') ? () => setDoing({ what: 'end' }) : undefined}
              />
            ))}
          </Card>
          <Card flush title={words.key.settings}>
            <Facts
              of={[
                [
                  words.keyForm.preset,
                  <span key="preset">
                    {words.presets[key.preset as keyof typeof words.presets]?.name ?? key.preset}
                    <code className="block text-xs break-words text-ink-3">{key.scopes.join(' ')}</code>
                  </span>,
                ],
                [
                  words.keyForm.companies,
                  key.companies === 'all'
                    ? words.keys.allCompanies
                    : companies.length
                      ? companies.join(', ')
                      : words.keys.noCompany,
                ],
                [
                  words.keyForm.origins,
                  key.origins.length ? <Codes key="origins" of={key.origins} /> : words.key.noOrigins,
                ],
                [
                  words.keyForm.networks,
                  key.networks.length ? <Codes key="networks" of={key.networks} /> : words.key.allNetworks,
                ],
                [
                  words.keyForm.expiry,
                  key.expires_at ? <When key="expiry" at={key.expires_at} exact /> : words.key.noExpiry,
                ],
                [
                  words.keyForm.rotation,
                  key.rotate_every_days
                    ? words.key.everyDays(span(language, key.rotate_every_days * 86_400))
                    : words.key.noRotation,
                ],
                [
                  words.keyForm.limits,
                  Object.keys(key.limits).length ? (
                    <Codes key="limits" of={Object.entries(key.limits).map(([name, value]) => `${name}=${value}`)} />
                  ) : (
                    words.key.noLimits
                  ),
                ],
                [
                  words.key.created,
                  <span key="created">
                    <When at={key.created_at} exact />
                    <span className="block text-xs text-ink-3">{maker}</span>
                  </span>,
                ],
                [words.key.updated, <When key="updated" at={key.updated_at} />],
              ]}
            />
          </Card>
        </div>
      </div>
      {doing?.what === 'edit' ? <Edit of={key} focus={doing.focus} onClose={close} /> : null}
      {doing?.what === 'rotate' ? <Rotate of={key} onClose={close} /> : null}
      {doing?.what === 'disable' ? <Disable of={key} onClose={close} /> : null}
      {doing?.what === 'enable' ? <Enable of={key} onClose={close} /> : null}
      {doing?.what === 'revoke' ? <Revoke of={key} onClose={close} /> : null}
      {doing?.what === 'delete' ? <Delete of={key} onClose={close} /> : null}
      {doing?.what === 'end' ? <EndPrevious of={key} onClose={close} /> : null}
    </>
  );
}

function Codes({ of }: { of: string[] }) {
  return (
    <ul>
      {of.map((one) => (
        <li key={one}>
          <code className="break-all">{one}</code>
        </li>
      ))}
    </ul>
  );
}

function Credential(props: {
  of: CredentialOut | undefined;
  environment: Environment;
  current: boolean;
  onEnd: (() => void) | undefined;
}) {
  const words = useWords();
  const { of, environment } = props;
  return (
    <div className={cx('border-t border-line px-4 py-3 first:border-t-0', !props.current && 'opacity-100')}>
      <div className="flex items-center justify-between gap-2">
        <Badge tone={environment === 'test' ? 'test' : 'ok'} dot>
          {words.environment[environment]}
        </Badge>
        {of ? <code className="text-sm text-ink">…{of.last_four}</code> : null}
      </div>
      {of ? (
        <dl className="mt-2 grid grid-cols-[auto_1fr] items-center gap-x-3 gap-y-1 text-xs">
          <dt className="text-ink-3">{words.keys.clientId}</dt>
          <dd className="flex min-w-0 justify-end">
            <CopyId value={of.client_id} short />
          </dd>
          <dt className="text-ink-3">{words.key.secretMade}</dt>
          <dd className="text-right text-ink-2">
            <When at={of.created_at} />
          </dd>
          <dt className="text-ink-3">{words.keys.lastUsed}</dt>
          <dd className="text-right text-ink-2">{of.last_used ? <When at={of.last_used.at} /> : words.keys.never}</dd>
          {of.last_used ? (
            <>
              <dt className="text-ink-3">{words.key.lastFrom}</dt>
              <dd className="text-right text-ink-2">
                <code className="break-all">{of.last_used.address}</code>
              </dd>
              {of.last_used.operation ? (
                <>
                  <dt className="text-ink-3">{words.key.lastFor}</dt>
                  <dd className="text-right text-ink-2">
                    <code className="break-all">{of.last_used.operation}</code>
                  </dd>
                </>
              ) : null}
            </>
          ) : null}
        </dl>
      ) : (
        <p className="mt-2 text-xs text-ink-3">{words.key.noHalf}</p>
      )}
      {of?.previous ? (
        <div className="mt-2.5">
          <Notice
            tone={of.previous.last_used ? 'warn' : 'info'}
            title={words.key.previous(of.previous.last_four)}
            action={
              props.onEnd ? (
                <Button size="sm" onClick={props.onEnd}>
                  {words.key.endNow}
                </Button>
              ) : undefined
            }
          >
            <span className="text-xs">
              {words.key.previousEnds} <When at={of.previous.ends_at} />.{' '}
              {of.previous.last_used ? (
                <>
                  {words.key.previousUsed} <When at={of.previous.last_used.at} /> (
                  <code>{of.previous.last_used.address}</code>).
                </>
              ) : (
                words.key.previousSilent
              )}
            </span>
          </Notice>
        </div>
      ) : null}
    </div>
  );
}

function Usage({ of: key }: { of: KeyOut }) {
  const words = useWords();
  const language = useLanguage();
  const { id, env } = useHere();
  const [hours, setHours] = useState<'24' | '168' | '720'>('168');
  const query = useQuery(usageQuery(id, key.id, Number(hours)));
  const spans = query.data
    ? spansOf(
        query.data.data.filter((one) => one.environment === env),
        query.data,
      )
    : [];
  const total = spans.reduce((sum, one) => sum + Object.values(one.values).reduce((a, b) => a + b, 0), 0);
  const { series, summary } = outcomes(words, language, spans);
  return (
    <Card
      title={words.key.usage(words.environment[env])}
      aside={
        <Segments
          label={words.overview.span}
          value={hours}
          onChange={setHours}
          options={[
            { value: '24', label: words.overview.day },
            { value: '168', label: words.overview.week },
            { value: '720', label: words.overview.month },
          ]}
        />
      }
    >
      {query.error && !query.data ? (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Waiting rows={5} />
      ) : total ? (
        <>
          <StackedBars
            title={words.overview.byOutcome}
            summary={summary}
            spans={spans}
            series={series}
            byDay={query.data?.granularity === 'day'}
          />
          <p className="mt-2 text-xs">
            <Link
              to="/a/$account/requests"
              params={{ account: id }}
              search={{ key: key.id } as never}
              className="font-medium text-accent-text hover:underline"
            >
              {words.key.showRequests}
            </Link>
          </p>
        </>
      ) : (
        <Empty icon={<RotateCw size={18} />} title={words.key.noUsage}>
          {words.key.noUsageDetail}
        </Empty>
      )}
    </Card>
  );
}
