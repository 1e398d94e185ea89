// The operations of the API, and what becomes of each with such a key.
import { Check, Minus, X } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { OperationOut } from '../api/generated.ts';
import { plainPath, type Reach, tally, type Verdict, verdict } from '../reach.ts';
import { useWords } from '../words/words.tsx';
import { cx } from './class.ts';
import { Segments } from './field.tsx';

interface Props {
  operations: OperationOut[];
  scopes: string[];
  restricted: boolean;
  /** Of the primary key, which alone manages restricted ones over the API. */
  primary?: boolean;
  /** The names of the chosen companies. */
  companies: string[];
  className?: string;
}

const tone: Record<string, string> = {
  GET: 'text-ink-3',
  POST: 'text-ok',
  PUT: 'text-warn',
  PATCH: 'text-warn',
  DELETE: 'text-bad',
};

export function OperationTable({ operations, scopes, restricted, primary, companies, className }: Props) {
  const words = useWords();
  const [shown, show] = useState<'all' | 'allowed' | 'refused'>('all');
  const verdicts = useMemo(
    () => operations.map((operation) => verdict(operation, scopes, restricted, primary)),
    [operations, scopes, restricted, primary],
  );
  const ofKeys = verdicts.filter((one) => one.reach !== 'people');
  const sums = tally(operations, scopes, restricted, primary);
  const notes = [
    sums.open ? words.operations.open(sums.open) : '',
    sums.account ? words.operations.account(sums.account) : '',
  ].filter(Boolean);
  const list = shown === 'all' ? ofKeys : ofKeys.filter((one) => one.allowed === (shown === 'allowed'));
  const where = (reach: Reach) =>
    reach === 'chosen'
      ? companies.length === 1
        ? (companies[0] ?? '')
        : words.operations.reach.chosen(companies.length)
      : words.operations.reach[reach];
  return (
    <div className={cx('flex min-h-0 flex-col', className)}>
      <div className="flex flex-wrap items-center justify-between gap-2 px-4 py-2.5">
        <div className="text-sm text-ink-2" aria-live="polite">
          {words.operations.count(sums.allowed, sums.all)}
          {notes.length ? <p className="text-xs text-ink-3">{notes.join(' ')}</p> : null}
        </div>
        <Segments
          label={words.operations.filter}
          value={shown}
          onChange={show}
          options={[
            { value: 'all', label: words.operations.all },
            { value: 'allowed', label: words.operations.allowed },
            { value: 'refused', label: words.operations.refused },
          ]}
        />
      </div>
      <div
        role="region"
        tabIndex={0}
        aria-label={words.operations.title}
        className="scroll-quiet min-h-0 flex-1 overflow-auto border-t border-line"
      >
        <table className="w-full text-xs">
          <caption className="sr-only">{words.operations.title}</caption>
          <thead className="sr-only">
            <tr>
              <th scope="col">{words.operations.verdict}</th>
              <th scope="col">{words.operations.operation}</th>
              <th scope="col">{words.operations.companies}</th>
            </tr>
          </thead>
          <tbody>
            {list.map((one) => (
              <Row key={one.operation.id} of={one} where={where(one.reach)} />
            ))}
          </tbody>
        </table>
        {list.length === 0 ? (
          <p className="px-4 py-6 text-center text-xs text-ink-3">{words.operations.nothing}</p>
        ) : null}
      </div>
    </div>
  );
}

function Row({ of, where }: { of: Verdict; where: string }) {
  const words = useWords();
  const { operation, allowed, reach } = of;
  const Icon = reach === 'open' ? Minus : allowed ? Check : X;
  return (
    <tr className="border-b border-line last:border-b-0">
      <td className="w-10 py-1.5 pl-4 align-top">
        <Icon
          size={14}
          aria-hidden
          className={cx('mt-px', reach === 'open' ? 'text-ink-3' : allowed ? 'text-ok' : 'text-bad')}
        />
        <span className="sr-only">{allowed ? words.operations.allowed : words.operations.refused}</span>
      </td>
      <td className="py-1.5 pr-2 align-top">
        <span className={cx('font-mono break-all', allowed ? 'text-ink' : 'text-ink-3')}>
          <span className={cx('mr-1.5 inline-block font-semibold', allowed ? tone[operation.method] : 'text-ink-3')}>
            {operation.method}
          </span>
          {plainPath(operation.path)}
        </span>
      </td>
      <td
        className={cx(
          'py-1.5 pr-4 text-right align-top',
          reach === 'scope' ? 'whitespace-nowrap' : 'max-w-40',
          allowed ? 'text-ink-2' : 'text-ink-3',
        )}
      >
        {reach === 'scope' ? (
          <>
            {words.operations.needs} <code>{operation.scope}</code>
          </>
        ) : (
          where
        )}
      </td>
    </tr>
  );
}
