import { describe, expect, it } from 'vitest';
import { ago, browser, duration, fromField, percent, span, time, toField } from './format.ts';

const now = Date.parse('2026-11-25T12:00:00Z');

describe('times', () => {
  it('are said as people say them, in either language', () => {
    expect(ago('en', '2026-11-25T11:00:00Z', now)).toBe('1 hour ago');
    expect(ago('it', '2026-11-25T11:00:00Z', now)).toBe('1 ora fa');
    expect(ago('en', '2026-11-27T12:00:00Z', now)).toBe('in 2 days');
    expect(ago('en', '2026-11-25T12:00:00Z', now)).toBe('now');
    expect(ago('en', '2020-11-25T12:00:00Z', now)).toBe('6 years ago');
  });

  it('to come are rounded, so that a week stays a week', () => {
    expect(ago('en', '2026-12-02T11:59:58Z', now)).toBe('in 7 days');
    expect(ago('en', '2026-11-26T11:50:00Z', now)).toBe('tomorrow');
    expect(ago('en', '2026-11-25T12:59:50Z', now)).toBe('in 1 hour');
    expect(ago('en', '2026-11-18T12:00:02Z', now)).toBe('6 days ago');
  });

  it('stay what they are when they cannot be read', () => expect(time('en', 'soon', 'day')).toBe('soon'));

  it('come back from a field as they went in', () => {
    const at = '2026-11-25T12:34:00.000Z';
    expect(fromField(toField(at))).toBe(at);
    expect(fromField('')).toBeUndefined();
    expect(fromField('x')).toBeUndefined();
  });
});

describe('amounts', () => {
  it('of time have their largest whole unit', () => {
    expect(span('en', 86_400)).toBe('1 day');
    expect(span('en', 7_200)).toBe('2 hours');
    expect(span('it', 90)).toBe('90 secondi');
  });

  it('of microseconds are short', () => {
    expect(duration('en', 812)).toBe('812 µs');
    expect(duration('en', 12_340)).toBe('12.3 ms');
    expect(duration('it', 1_500_000)).toBe('1,5 s');
  });

  it('of a whole keep a digit when they are small', () => {
    expect(percent('en', 0.023)).toBe('2.3%');
    expect(percent('en', 0.97)).toBe('97%');
  });
});

it('knows browsers by what they say', () => {
  expect(browser('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36')).toBe(
    'Chrome, Linux',
  );
  expect(browser('curl/8.5.0')).toBe('curl');
  expect(browser(null)).toBe('');
});
