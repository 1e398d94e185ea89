import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import { it as italian } from './it.ts';

const walk = (of: object, prefix = ''): [string, unknown][] =>
  Object.entries(of).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null ? walk(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]],
  );

/** Words that are the same in both. */
const shared =
  /^(environment\.(test|live)|shell\.menu|keys\.clientId|roles|audit\.(kinds\.account|hash)|trace\.checks\.(token|callback)|settings\.password|signIn\.(email|password))/;

describe('Italian', () => {
  it('says everything that English says, and nothing else', () => {
    expect(walk(italian).map(([name]) => name)).toEqual(walk(en).map(([name]) => name));
  });

  it('says it in Italian', () => {
    const english = new Map(walk(en));
    for (const [name, value] of walk(italian)) {
      expect(value, name).not.toBe('');
      if (typeof value === 'string' && !shared.test(name)) expect(value, name).not.toBe(english.get(name));
    }
  });
});
