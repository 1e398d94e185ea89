// Bars over time, stacked by kind. Drawn small and by hand; the same numbers stand in a table behind it.
import { useEffect, useId, useRef, useState } from 'react';
import { compact, number, time } from '../format.ts';
import { useLanguage, useWords } from '../words/words.tsx';
import { Button } from './button.tsx';
import { cx } from './class.ts';
import { grouped, hoursAtOnce, scale } from './scale.ts';

export interface Series {
  id: string;
  label: string;
  color: string;
}

export interface Span {
  start: string;
  values: Record<string, number>;
}

const HEIGHT = 190;
const BELOW = 22;
const LEFT = 40;

export function StackedBars(props: {
  title: string;
  summary: string;
  spans: Span[];
  series: Series[];
  byDay: boolean;
}) {
  const { series } = props;
  const language = useLanguage();
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [at, setAt] = useState<number | undefined>();
  const [table, showTable] = useState(false);
  const id = useId();

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const inner = Math.max(0, width - LEFT - 4);
  // Where an hour would be too thin to be seen or pointed at, several share a bar.
  const hours = props.byDay || !inner ? 1 : hoursAtOnce(props.spans.length, inner, inner < 600 ? 8 : 5);
  const spans = grouped(props.spans, hours);
  const total = (span: Span) => series.reduce((sum, one) => sum + (span.values[one.id] ?? 0), 0);
  const ticks = scale(Math.max(0, ...spans.map(total)));
  const top = ticks.at(-1) ?? 1;
  const step = spans.length ? inner / spans.length : 0;
  const bar = Math.max(1, Math.min(44, step * 0.7));
  const y = (value: number) => HEIGHT - (value / top) * (HEIGHT - 8);
  const label = (span: Span) =>
    props.byDay ? time(language, span.start, 'tick') : time(language, span.start, inner < 400 ? 'hour' : 'short');
  const every = Math.max(1, Math.ceil(spans.length / Math.max(2, Math.floor(inner / 100))));
  // Over several days of hours, a date stands where its day begins.
  const dated = !props.byDay && props.spans.length > 48;
  const aDay = 24 / hours;
  const days = Math.max(1, Math.ceil(every / aDay));
  const marked = (span: Span, index: number) => {
    if (!dated) return index % every === 0;
    const start = new Date(span.start);
    return start.getHours() === 0 && Math.floor(index / aDay) % days === 0;
  };
  const current = at === undefined ? undefined : spans[at];
  const whole = (span: Span) => {
    if (props.byDay) return time(language, span.start, 'day');
    if (hours === 1) return time(language, span.start, 'short');
    const end = new Date(Date.parse(span.start) + hours * 3_600_000);
    return `${time(language, span.start, 'short')} – ${time(language, end, 'hour')}`;
  };
  const said = (span: Span) =>
    `${whole(span)}: ${series
      .filter((one) => (span.values[one.id] ?? 0) > 0)
      .map((one) => `${one.label} ${number(language, span.values[one.id] ?? 0)}`)
      .join(', ')} `;
  const move = (index: number) => setAt(Math.max(0, Math.min(spans.length - 1, index)));

  return (
    <div>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <ul className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-ink-2">
          {series.map((one) => (
            <li key={one.id} className="flex items-center gap-1.5">
              <svg width="8" height="8" aria-hidden className="chart-bar">
                <rect width="8" height="8" rx="2" fill={one.color} />
              </svg>
              {one.label}
            </li>
          ))}
        </ul>
        <Button size="sm" look="ghost" className="-mx-2.5" aria-pressed={table} onClick={() => showTable(!table)}>
          {table ? words.chart.showChart : words.chart.showTable}
        </Button>
      </div>
      <div ref={box} className={cx('relative', table && 'hidden')}>
        {width > 0 ? (
          <div
            role="slider"
            tabIndex={0}
            aria-label={`${props.title}. ${props.summary}`}
            aria-valuemin={0}
            aria-valuemax={Math.max(0, spans.length - 1)}
            aria-valuenow={at ?? 0}
            aria-valuetext={current ? said(current) : props.summary}
            className="rounded-md"
            onKeyDown={(event) => {
              const last = spans.length - 1;
              if (event.key === 'ArrowLeft') move((at ?? spans.length) - 1);
              else if (event.key === 'ArrowRight') move((at ?? -1) + 1);
              else if (event.key === 'Home') move(0);
              else if (event.key === 'End') move(last);
              else if (event.key === 'Escape') setAt(undefined);
              else return;
              event.preventDefault();
            }}
            onBlur={() => setAt(undefined)}
            onPointerMove={(event) => {
              const left = event.currentTarget.getBoundingClientRect().left + LEFT;
              const index = Math.floor((event.clientX - left) / step);
              setAt(index >= 0 && index < spans.length ? index : undefined);
            }}
            onPointerLeave={() => setAt(undefined)}
          >
            <svg width={width} height={HEIGHT + BELOW} aria-hidden className="chart-bar block">
              {ticks.map((tick) => (
                <g key={tick}>
                  <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} stroke="var(--line)" strokeWidth="1" />
                  <text x={LEFT - 8} y={y(tick) + 3.5} textAnchor="end" fontSize="10.5" fill="var(--ink-3)">
                    {compact(language, tick)}
                  </text>
                </g>
              ))}
              {at !== undefined ? (
                <rect x={LEFT + at * step} y={0} width={step} height={HEIGHT} fill="var(--hover)" />
              ) : null}
              {spans.map((span, index) => {
                let from = 0;
                const x = LEFT + index * step + (step - bar) / 2;
                return (
                  <g key={span.start}>
                    {series.map((one) => {
                      const value = span.values[one.id] ?? 0;
                      if (!value) return null;
                      const bottom = y(from);
                      from += value;
                      const height = Math.max(1, bottom - y(from));
                      return (
                        <rect
                          key={one.id}
                          x={x}
                          y={bottom - height}
                          width={bar}
                          height={height}
                          rx={bar > 6 ? 1.5 : 0}
                          fill={one.color}
                        />
                      );
                    })}
                    {marked(span, index) ? (
                      <text
                        x={x + bar / 2}
                        y={HEIGHT + 16}
                        textAnchor={x + bar / 2 < LEFT + 24 ? 'start' : 'middle'}
                        fontSize="10.5"
                        fill="var(--ink-3)"
                      >
                        {dated ? time(language, span.start, 'tick') : label(span)}
                      </text>
                    ) : null}
                  </g>
                );
              })}
            </svg>
          </div>
        ) : (
          <svg height={HEIGHT + BELOW} width="1" aria-hidden />
        )}
        {current ? (
          <div
            aria-hidden
            className="pointer-events-none absolute top-1 z-10 min-w-36 rounded-lg border border-line bg-raised px-2.5 py-2 text-xs shadow-raised"
            style={
              (at ?? 0) > spans.length / 2
                ? { right: width - LEFT - (at ?? 0) * step + 6 }
                : { left: LEFT + ((at ?? 0) + 1) * step + 6 }
            }
          >
            <p className="mb-1 font-medium text-ink">{whole(current)}</p>
            {series.map((one) =>
              current.values[one.id] ? (
                <p key={one.id} className="flex items-center justify-between gap-3 text-ink-2">
                  <span className="flex items-center gap-1.5">
                    <svg width="7" height="7" aria-hidden>
                      <rect width="7" height="7" rx="2" fill={one.color} />
                    </svg>
                    {one.label}
                  </span>
                  <span className="tabular-nums text-ink">{number(language, current.values[one.id] ?? 0)}</span>
                </p>
              ) : null,
            )}
            {total(current) === 0 ? <p className="text-ink-3">{words.chart.nothing}</p> : null}
          </div>
        ) : null}
      </div>
      <div
        className={table ? 'scroll-quiet max-h-64 overflow-auto rounded-md border border-line' : 'sr-only'}
        {...(table ? { role: 'region', tabIndex: 0, 'aria-labelledby': `${id}-table` } : {})}
      >
        <table className="w-full text-xs tabular-nums">
          <caption id={`${id}-table`} className="sr-only">
            {props.title}. {props.summary}
          </caption>
          <thead className="sticky top-0 bg-sunken">
            <tr>
              <th scope="col" className="px-3 py-1.5 text-left font-medium text-ink-3">
                {words.chart.time}
              </th>
              {series.map((one) => (
                <th key={one.id} scope="col" className="px-3 py-1.5 text-right font-medium text-ink-3">
                  {one.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {props.spans.map((span) => (
              <tr key={span.start} className="border-t border-line">
                <th scope="row" className="px-3 py-1 text-left font-normal whitespace-nowrap">
                  {label(span)}
                </th>
                {series.map((one) => (
                  <td key={one.id} className="px-3 py-1 text-right">
                    {number(language, span.values[one.id] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Shares of a whole, one bar each; a list first, bars second. */
export function Ranking(props: { rows: { id: string; label: React.ReactNode; count: number; color?: string }[] }) {
  const language = useLanguage();
  const largest = Math.max(1, ...props.rows.map((row) => row.count));
  return (
    <ul className="divide-y divide-line">
      {props.rows.map((row) => (
        <li key={row.id} className="px-4 py-2">
          <div className="flex items-baseline justify-between gap-3 text-sm">
            <span className="min-w-0 truncate">{row.label}</span>
            <span className="tabular-nums text-ink-2">{number(language, row.count)}</span>
          </div>
          <svg width="100%" height="3" aria-hidden className="chart-bar mt-1.5 block">
            <rect width="100%" height="3" rx="1.5" fill="var(--sunken)" />
            <rect
              width={`${Math.max(1, (row.count / largest) * 100)}%`}
              height="3"
              rx="1.5"
              fill={row.color ?? 'var(--series-ok)'}
            />
          </svg>
        </li>
      ))}
    </ul>
  );
}
