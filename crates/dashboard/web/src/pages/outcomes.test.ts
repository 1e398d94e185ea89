import { expect, it } from 'vitest';
import { scale } from '../parts/scale.ts';
import { filled, spansOf, totals } from './outcomes.ts';

const bounds = { since: '2026-11-25T00:30:00Z', until: '2026-11-25T03:10:00Z', granularity: 'hour' };

it('leaves no hole between spans', () => {
  const spans = filled([{ start: '2026-11-25T02:00:00Z', values: { ok: 3 } }], bounds);
  expect(spans.map((one) => one.values.ok ?? 0)).toEqual([0, 0, 3, 0]);
});

it('adds up what is counted apart', () => {
  const spans = spansOf(
    [
      { start: '2026-11-25T01:00:00Z', outcome: 'ok', count: 2 },
      { start: '2026-11-25T01:00:00Z', outcome: 'ok', count: 3 },
      { start: '2026-11-25T01:00:00Z', outcome: 'refused', count: 1 },
    ],
    bounds,
  );
  expect(totals(spans)).toEqual({ ok: 5, client_error: 0, server_error: 0, refused: 1, limited: 0 });
});

it('has round numbers beside its lines, the last at or above the largest value', () => {
  for (const largest of [1, 3, 7, 99, 101, 8_400, 1_234_567]) {
    const ticks = scale(largest);
    expect(ticks[0]).toBe(0);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest);
    expect(ticks.length).toBeLessThanOrEqual(7);
  }
  expect(scale(0)).toEqual([0, 1]);
});
