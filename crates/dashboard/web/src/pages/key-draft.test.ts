import { describe, expect, it } from 'vitest';
import type { KeyOut } from '../api/generated.ts';
import { en } from '../words/en.ts';
import { type Draft, draftOf, faultsOf, fresh, inputOf, patchOf } from './key-draft.ts';

const draft = (part: Partial<Draft>): Draft => ({ ...fresh, ...part });
const faults = (part: Partial<Draft>) => Object.keys(faultsOf(draft(part), en));

const key = {
  id: 'key_1',
  kind: 'restricted',
  description: 'Shop',
  status: 'active',
  preset: 'send',
  scopes: ['*:read', '*:send'],
  companies: ['co_1'],
  environments: ['test', 'live'],
  expires_at: '2030-01-01T10:20:30Z',
  origins: ['https://app.example.com'],
  networks: ['203.0.113.0/24'],
  limits: { default: 600 },
  rotate_every_days: 90,
  findings: [],
  version: 7,
} as unknown as KeyOut;

describe('a draft', () => {
  it('is fine as it begins', () => expect(faults({})).toEqual([]));

  it('needs a company when it is restricted to some: empty never means all (D9)', () =>
    expect(faults({ companies: [] })).toEqual(['companies']));

  it('needs a confirmation for a live key in a browser (R4)', () => {
    const browser = { place: 'browser', origins: 'https://app.example.com' } as const;
    expect(faults(browser)).toEqual(['confirmLive']);
    expect(faults({ ...browser, confirmLive: true })).toEqual([]);
    expect(faults({ ...browser, environments: 'test' })).toEqual([]);
  });

  it('needs another for every page of the web when it may change things (R83)', () => {
    const any = { place: 'browser', origins: '*', confirmLive: true } as const;
    expect(faults(any)).toEqual([]);
    expect(faults({ ...any, preset: 'send' })).toEqual(['confirmAny']);
    expect(inputOf(draft({ ...any, preset: 'send', confirmAny: true })).confirm_any_origin).toBe(true);
  });

  it('says what is wrong where it is wrong', () => {
    expect(faults({ networks: 'nowhere' })).toEqual(['networks']);
    expect(faults({ rotation: '0' })).toEqual(['rotation']);
    expect(faults({ limits: 'default' })).toEqual(['limits']);
    expect(faults({ preset: 'custom' })).toEqual(['scopes']);
    expect(faults({ expiry: 'at', expiresAt: '2020-01-01T00:00' })).toEqual(['expiry']);
    expect(faults({ place: 'browser', environments: 'test' })).toEqual(['origins']);
  });

  it('sends no origins for a server, whatever was typed before', () =>
    expect(inputOf(draft({ origins: 'https://app.example.com' })).origins).toEqual([]));
});

describe('a change', () => {
  it('of nothing says only the version it was made for', () =>
    expect(patchOf(draftOf(key), key)).toEqual({ expected_version: 7 }));

  it('says only what differs', () => {
    const changed = { ...draftOf(key), networks: '', expiry: 'never' };
    expect(patchOf(changed, key)).toEqual({ expected_version: 7, networks: [], expires_at: null });
  });

  it('goes back to the limits of the deployment', () =>
    expect(patchOf({ ...draftOf(key), limits: '' }, key)).toEqual({ expected_version: 7, limits: null }));

  it('of a primary key narrows nothing', () => {
    const primary = { ...key, kind: 'primary' };
    expect(patchOf({ ...draftOf(primary), preset: 'read_only', companies: 'all' }, primary)).toEqual({
      expected_version: 7,
    });
  });
});
