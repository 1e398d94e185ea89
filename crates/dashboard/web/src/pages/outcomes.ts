// Requests by outcome: their colours, and a row of spans without holes.

import type { TotalsOut } from '../api/generated.ts';
import { type Language, number, percent } from '../format.ts';
import type { Series, Span } from '../parts/chart.tsx';
import type { Words } from '../words/en.ts';

export type Outcome = keyof TotalsOut;

export const order: Outcome[] = ['ok', 'client_error', 'server_error', 'refused', 'limited'];

export const colors: Record<Outcome, string> = {
  ok: 'var(--series-ok)',
  client_error: 'var(--series-client)',
  server_error: 'var(--series-server)',
  refused: 'var(--series-refused)',
  limited: 'var(--series-limited)',
};

const steps: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Every span of the time asked for, also those in which nothing happened. */
export function filled(spans: Span[], bounds: { since: string; until: string; granularity: string }): Span[] {
  const step = steps[bounds.granularity] ?? 3_600_000;
  const from = Math.floor(Date.parse(bounds.since) / step) * step;
  const to = Date.parse(bounds.until);
  const known = new Map(spans.map((one) => [Math.floor(Date.parse(one.start) / step) * step, one.values]));
  const all: Span[] = [];
  for (let at = from; at < to && all.length < 1_000; at += step) {
    all.push({ start: new Date(at).toISOString(), values: known.get(at) ?? {} });
  }
  return all;
}

/** Spans from counts by outcome. */
export function spansOf(
  counts: { start: string; outcome: string; count: number }[],
  bounds: { since: string; until: string; granularity: string },
): Span[] {
  const sums = new Map<string, Record<string, number>>();
  for (const one of counts) {
    const values = sums.get(one.start) ?? {};
    values[one.outcome] = (values[one.outcome] ?? 0) + one.count;
    sums.set(one.start, values);
  }
  return filled(
    [...sums].map(([start, values]) => ({ start, values })),
    bounds,
  );
}

export function totals(spans: Span[]): Record<Outcome, number> {
  const sum = { ok: 0, client_error: 0, server_error: 0, refused: 0, limited: 0 };
  for (const one of spans) for (const name of order) sum[name] += one.values[name] ?? 0;
  return sum;
}

/** What a chart of outcomes shows, and the same in one sentence. */
export function outcomes(words: Words, language: Language, spans: Span[]): { series: Series[]; summary: string } {
  const sums = totals(spans);
  const all = order.reduce((sum, name) => sum + sums[name], 0);
  const parts = order
    .filter((name) => sums[name] > 0)
    .map((name) => `${words.outcomes[name]} ${number(language, sums[name])} (${percent(language, sums[name] / all)})`);
  return {
    series: order.map((name) => ({ id: name, label: words.outcomes[name], color: colors[name] })),
    summary: `${words.chart.total(number(language, all))} ${parts.join(', ')}`,
  };
}
