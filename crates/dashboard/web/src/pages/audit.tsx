// Who did what: the account's part of the audit chain, and whether the chain is whole.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ScrollText, ShieldAlert, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { AuditEntryOut } from '../api/generated.ts';
import { auditQuery, verificationQuery } from '../api/queries.ts';
import { time } from '../format.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { SelectField } from '../parts/field.tsx';
import { Card, CopyId, cell, Empty, Facts, PageHead, ProblemNotice, shortId, Waiting, When } from '../parts/show.tsx';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useLanguage, useWords } from '../words/words.tsx';

export function Audit() {
  const words = useWords();
  const language = useLanguage();
  const { id } = useHere();
  const query = useInfiniteQuery(auditQuery(id));
  const [kind, setKind] = useState('');
  const [one, setOne] = useState<AuditEntryOut | undefined>();
  const all = query.data?.pages.flatMap((page) => page.data) ?? [];
  const rows = kind ? all.filter((entry) => entry.action.startsWith(`${kind}.`)) : all;
  const kinds = [...new Set(all.map((entry) => entry.action.split('.')[0] ?? ''))].sort();
  return (
    <>
      <PageHead title={words.audit.title} lead={words.audit.lead} />
      <div className="grid grid-cols-1 gap-4">
        <Chain />
        <Card flush>
          {all.length ? (
            <div className="border-b border-line p-3">
              <SelectField
                quiet
                className="w-48"
                label={words.audit.about}
                value={kind}
                onChange={setKind}
                options={[
                  { value: '', label: words.audit.anything },
                  ...kinds.map((value) => ({
                    value,
                    label: words.audit.kinds[value as keyof typeof words.audit.kinds] ?? value,
                  })),
                ]}
              />
            </div>
          ) : null}
          {query.error && !query.data ? (
            <div className="p-4">
              <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
            </div>
          ) : query.isPending ? (
            <Waiting rows={10} />
          ) : rows.length === 0 ? (
            <Empty icon={<ScrollText size={18} />} title={words.audit.none}>
              {words.audit.noneDetail}
            </Empty>
          ) : (
            <>
              <table className="w-full text-sm">
                <caption className="sr-only">{words.audit.title}</caption>
                <thead>
                  <tr>
                    <th scope="col" className={cell.head}>
                      {words.audit.what}
                    </th>
                    <th scope="col" className={cx(cell.head, 'hidden sm:table-cell')}>
                      {words.audit.who}
                    </th>
                    <th scope="col" className={cell.head}>
                      {words.audit.when}
                    </th>
                    <th scope="col" className={cx(cell.head, 'hidden text-right md:table-cell')}>
                      {words.audit.place}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((entry) => (
                    <tr key={entry.id} className={cx(cell.row, 'relative')}>
                      <td className={cx(cell.body, 'w-full max-w-0')}>
                        <button
                          type="button"
                          onClick={() => setOne(entry)}
                          className="block max-w-full truncate text-left font-medium after:absolute after:inset-0"
                        >
                          {words.audit.actions[entry.action as keyof typeof words.audit.actions] ?? entry.action}
                        </button>
                        <span className="block truncate text-xs text-ink-3">
                          <Subject id={entry.subjects[0]} details={entry.details} />
                          <span className="sm:hidden">
                            {' · '}
                            <Author id={entry.author} />
                          </span>
                        </span>
                      </td>
                      <td className={cx(cell.body, 'hidden whitespace-nowrap text-ink-2 sm:table-cell')}>
                        <Author id={entry.author} />
                      </td>
                      <td
                        className={cx(cell.body, 'whitespace-nowrap text-ink-2 tabular-nums')}
                        title={time(language, entry.at, 'exact')}
                      >
                        {time(language, entry.at, 'short')}
                      </td>
                      <td className={cx(cell.body, 'hidden text-right text-ink-3 tabular-nums md:table-cell')}>
                        {entry.sequence}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {query.hasNextPage ? (
                <div className="border-t border-line px-4 py-2 text-right">
                  <Button size="sm" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    {words.action.more}
                  </Button>
                </div>
              ) : null}
            </>
          )}
        </Card>
      </div>
      {one ? <Entry of={one} onClose={() => setOne(undefined)} /> : null}
    </>
  );
}

function Chain() {
  const words = useWords();
  const { id, may } = useHere();
  const query = useQuery({ ...verificationQuery(id), enabled: may('audit_verify_in_account') });
  if (!may('audit_verify_in_account')) return null;
  if (query.error) return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  const of = query.data;
  const Icon = of && !of.intact ? ShieldAlert : ShieldCheck;
  return (
    <section
      aria-label={words.audit.chain}
      className={cx(
        'flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border bg-surface px-4 py-3 shadow-card',
        of && !of.intact ? 'border-bad/40' : 'border-line',
      )}
    >
      <span
        aria-hidden
        className={cx(
          'flex size-9 items-center justify-center rounded-full',
          !of ? 'bg-sunken text-ink-3' : of.intact ? 'bg-ok-soft text-ok' : 'bg-bad-soft text-bad',
        )}
      >
        <Icon size={18} />
      </span>
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          {!of ? words.audit.verifying : of.intact ? words.audit.intact : words.audit.broken}
        </p>
        <p className="text-xs text-ink-3">
          {of ? (
            <>
              {words.audit.verified} <When at={of.verified_at} />. {words.audit.head} <CopyId value={of.head} short />
            </>
          ) : (
            words.audit.chainHelp
          )}
        </p>
      </div>
      <Button size="sm" busy={query.isFetching} onClick={() => void query.refetch()}>
        {words.audit.again}
      </Button>
    </section>
  );
}

/** Whoever did it, by name where that is known. */
function Author({ id }: { id: string }) {
  const words = useWords();
  const names = useNames();
  if (id === 'installation') return <>{words.audit.installation}</>;
  if (id.startsWith('opt_')) return <>{words.audit.operator}</>;
  return <>{names.member(id) ?? shortId(id)}</>;
}

/** What it was done to: by its name now, else by the name that the entry kept of it. */
function Subject({ id, details }: { id: string | undefined; details?: Record<string, unknown> }) {
  const names = useNames();
  if (!id) return null;
  const kept = [details?.email, details?.name, details?.description].find((one) => typeof one === 'string' && one);
  return <>{names.key(id) ?? names.company(id) ?? names.member(id) ?? (kept as string | undefined) ?? shortId(id)}</>;
}

function Entry({ of, onClose }: { of: AuditEntryOut; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  return (
    <Dialog
      open
      place="side"
      size="md"
      onClose={onClose}
      title={words.audit.actions[of.action as keyof typeof words.audit.actions] ?? of.action}
      description={<CopyId value={of.id} />}
    >
      <div className="grid grid-cols-1 gap-4">
        <div className="-mx-1 rounded-lg border border-line">
          <Facts
            of={[
              [words.audit.when, <When key="w" at={of.at} exact />],
              [
                words.audit.who,
                <span key="a">
                  <Author id={of.author} />
                  <span className="block text-xs">
                    <CopyId value={of.author} />
                  </span>
                </span>,
              ],
              [
                words.audit.subjects,
                <ul key="s" className="grid gap-0.5">
                  {of.subjects.map((subject) => (
                    <li key={subject}>
                      {subject.startsWith('key_') ? (
                        <Link
                          to="/a/$account/keys/$key"
                          params={{ account: id, key: subject }}
                          className="text-accent-text hover:underline"
                        >
                          <Subject id={subject} />
                        </Link>
                      ) : (
                        <Subject id={subject} />
                      )}{' '}
                      <span className="block text-xs">
                        <CopyId value={subject} />
                      </span>
                    </li>
                  ))}
                </ul>,
              ],
              [words.audit.request, of.request_id ? <CopyId key="r" value={of.request_id} /> : '–'],
              [words.audit.place, String(of.sequence)],
              [words.audit.revision, String(of.revision)],
              [
                words.audit.hash,
                <code key="h" className="break-all">
                  {of.hash}
                </code>,
              ],
            ]}
          />
        </div>
        <section>
          <h3 className="mb-1.5 text-sm font-semibold">{words.audit.details}</h3>
          <pre
            tabIndex={0}
            role="region"
            aria-label={words.audit.details}
            className="scroll-quiet overflow-x-auto rounded-lg border border-line bg-sunken p-3 text-xs leading-5"
          >
            {JSON.stringify(of.details, null, 2)}
          </pre>
        </section>
      </div>
    </Dialog>
  );
}
