import { describe, expect, it } from 'vitest';
import { grouped, hoursAtOnce } from './scale.ts';

const hours = (from: Date, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    start: new Date(from.getTime() + at * 3_600_000).toISOString(),
    values: { ok: 1, refused: at % 2 },
  }));

describe('hours that share a bar', () => {
  it('are as few as can be seen', () => {
    expect(hoursAtOnce(168, 900, 5)).toBe(1);
    expect(hoursAtOnce(168, 300, 8)).toBe(6);
    expect(hoursAtOnce(24, 300, 8)).toBe(1);
    expect(hoursAtOnce(2_160, 300, 8)).toBe(24);
  });

  it('begin at whole parts of a day, and lose nothing', () => {
    const spans = hours(new Date(2026, 10, 23, 22), 12);
    const six = grouped(spans, 6);
    expect(six.map((one) => new Date(one.start).getHours())).toEqual([22, 0, 6]);
    expect(six.map((one) => one.values)).toEqual([
      { ok: 2, refused: 1 },
      { ok: 6, refused: 3 },
      { ok: 4, refused: 2 },
    ]);
    expect(grouped(spans, 1)).toBe(spans);
  });
});
