// How full limits were at their peaks of the last hour, and which had no room in the time that is shown.
import { Link } from '@tanstack/react-router';
import { Gauge } from 'lucide-react';
import type { LimitUseOut, OverviewOut } from '../api/generated.ts';
import { number, percent, span } from '../format.ts';
import { Badge, Card, Empty, shortId } from '../parts/show.tsx';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useLanguage, useWords } from '../words/words.tsx';

/** From this share on a limit is close to its end. */
const CLOSE = 80;
const SHOWN = 6;

interface Row {
  key: string | null;
  limit: string;
  use?: LimitUseOut;
  refused: number;
}

/** Peaks and refusals of the same limit in one row: what is close to its end first, then what had no room, then the fullest. */
export function rowsOf(of: Pick<OverviewOut, 'limits' | 'limit_use'>): Row[] {
  const rows: Row[] = of.limit_use.map((use) => ({ key: use.key_id, limit: use.limit, use, refused: 0 }));
  for (const one of of.limits) {
    const found = rows.find((row) => row.key === one.key_id && row.limit === one.limit);
    if (found) found.refused = one.count;
    else rows.push({ key: one.key_id, limit: one.limit, refused: one.count });
  }
  const share = (row: Row) => row.use?.percent ?? 0;
  const rank = (row: Row) => (share(row) >= CLOSE ? 2 : row.refused ? 1 : 0);
  return rows.sort((a, b) => rank(b) - rank(a) || share(b) - share(a) || b.refused - a.refused).slice(0, SHOWN);
}

export function Limits({ of }: { of: OverviewOut }) {
  const words = useWords();
  const rows = rowsOf(of);
  return (
    <Card flush title={words.overview.limits} description={words.overview.limitsLead}>
      {rows.length ? (
        <ul className="divide-y divide-line">
          {rows.map((row) => (
            <Line key={`${row.key} ${row.limit}`} of={row} />
          ))}
        </ul>
      ) : (
        <Empty icon={<Gauge size={18} />} title={words.overview.noLimits}>
          {words.overview.noLimitsDetail}
        </Empty>
      )}
    </Card>
  );
}

function Line({ of }: { of: Row }) {
  const words = useWords();
  const language = useLanguage();
  const { id } = useHere();
  const names = useNames();
  const { use } = of;
  const close = use ? use.percent >= CLOSE : false;
  return (
    <li className="px-4 py-2">
      <div className="flex items-baseline justify-between gap-3 text-sm">
        <span className="min-w-0 truncate">
          {of.key ? (
            <Link
              to="/a/$account/keys/$key"
              params={{ account: id, key: of.key }}
              className="font-medium text-ink hover:text-accent-text hover:underline"
            >
              {names.key(of.key) ?? shortId(of.key)}
            </Link>
          ) : (
            words.overview.wholeAccount
          )}{' '}
          <code className="text-ink-3">{of.limit}</code>
        </span>
        <span className="flex shrink-0 items-baseline gap-1.5">
          {of.refused ? <Badge tone="warn">{words.overview.limitRefused(number(language, of.refused))}</Badge> : null}
          {close && !of.refused ? <Badge tone="warn">{words.overview.limitClose}</Badge> : null}
          {use ? <span className="text-ink-2 tabular-nums">{percent(language, use.percent / 100)}</span> : null}
        </span>
      </div>
      {use ? (
        <>
          <p className="text-xs text-ink-3 tabular-nums">
            {words.overview.limitPeak(
              number(language, use.used),
              number(language, use.room),
              span(language, use.seconds),
            )}
          </p>
          <svg width="100%" height="3" aria-hidden className="chart-bar mt-1.5 block">
            <rect width="100%" height="3" rx="1.5" fill="var(--sunken)" />
            <rect
              width={`${Math.min(100, Math.max(1, use.percent))}%`}
              height="3"
              rx="1.5"
              fill={close ? 'var(--series-limited)' : 'var(--series-ok)'}
            />
          </svg>
        </>
      ) : (
        <p className="text-xs text-ink-3">{words.overview.limitQuiet}</p>
      )}
    </li>
  );
}
