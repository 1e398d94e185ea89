import { expect, it } from 'vitest';
import { rowsOf } from './overview-limits.tsx';

const use = (key_id: string | null, limit: string, percent: number) => ({
  key_id,
  limit,
  percent,
  environment: 'test',
  used: percent,
  room: 100,
  seconds: 60,
});

it('holds peaks and refusals of the same limit together, the fullest first', () => {
  const rows = rowsOf({
    limit_use: [use('key_a', 'default', 80), use(null, 'account', 95), use('key_a', 'messaging', 10)],
    limits: [
      { key_id: 'key_a', limit: 'default', count: 7 },
      { key_id: 'key_b', limit: 'default', count: 2 },
    ],
  });
  expect(rows.map((row) => [row.key, row.limit, row.use?.percent, row.refused])).toEqual([
    [null, 'account', 95, 0],
    ['key_a', 'default', 80, 7],
    ['key_b', 'default', undefined, 2],
    ['key_a', 'messaging', 10, 0],
  ]);
});
