import { describe, expect, it } from 'vitest';
import type { KeyOut, OperationOut } from './api/generated.ts';
import {
  curlLine,
  fixOf,
  grants,
  isNetwork,
  knownScopes,
  lines,
  mayChange,
  originProblem,
  plainPath,
  scopesOf,
  stateOf,
  verdict,
} from './reach.ts';
import { en } from './words/en.ts';

const operation = (part: Partial<OperationOut>): OperationOut => ({
  id: 'company_get',
  method: 'GET',
  path: '/v1/company',
  audience: 'key',
  scope: 'company:read',
  company_mode: 'locators',
  company_sources: [],
  other_bodies: 'refused',
  limit_class: 'default',
  environment: null,
  served_by: 'upstream',
  ...part,
});

describe('what a preset may do', () => {
  it('reads everything and nothing else when it only reads (R30)', () => {
    const scopes = scopesOf('read_only', []);
    expect(grants(scopes, 'company:read')).toBe(true);
    expect(grants(scopes, 'company:write')).toBe(false);
    expect(grants(scopes, 'send:send')).toBe(false);
    expect(mayChange(scopes)).toBe(false);
  });

  it('reads and sends, but does not write, when it sends (R31)', () => {
    const scopes = scopesOf('send', []);
    expect(grants(scopes, 'send:send')).toBe(true);
    expect(grants(scopes, 'webhook:write')).toBe(false);
    expect(mayChange(scopes)).toBe(true);
  });

  it('is exactly what was chosen when it is custom', () => {
    const scopes = scopesOf('custom', ['send:send']);
    expect(grants(scopes, 'send:send')).toBe(true);
    expect(grants(scopes, 'send:read')).toBe(false);
  });
});

describe('what becomes of an operation', () => {
  const read = scopesOf('read_only', []);

  it('says for which companies it is allowed', () => {
    expect(verdict(operation({}), read, false)).toMatchObject({ allowed: true, reach: 'all' });
    expect(verdict(operation({}), read, true)).toMatchObject({ allowed: true, reach: 'chosen' });
    expect(verdict(operation({ company_mode: 'neutral' }), read, true)).toMatchObject({ allowed: true, reach: 'none' });
  });

  it('is refused without the scope, and for the whole account when the key is restricted (D34)', () => {
    expect(verdict(operation({ scope: 'company:write' }), read, false)).toMatchObject({
      allowed: false,
      reach: 'scope',
    });
    expect(verdict(operation({ company_mode: 'account' }), read, true)).toMatchObject({
      allowed: false,
      reach: 'account',
    });
    expect(verdict(operation({ company_mode: 'account' }), read, false)).toMatchObject({ allowed: true });
  });

  it('needs no key when it is public, and takes none when it is for people', () => {
    expect(verdict(operation({ audience: 'public' }), [], true)).toMatchObject({ allowed: true, reach: 'open' });
    expect(verdict(operation({ audience: 'member' }), scopesOf('full_access', []), false)).toMatchObject({
      allowed: false,
      reach: 'people',
    });
  });

  it('lists the scopes that keys can have', () => {
    expect(
      knownScopes([operation({}), operation({ scope: 'a:read' }), operation({ audience: 'member', scope: 'm:read' })]),
    ).toEqual(['a:read', 'company:read']);
  });
});

describe('origins and networks as they are typed', () => {
  it.each(['*', 'https://app.example.com', 'https://*.example.org', 'http://localhost:3000', 'https://[::1]:8443'])(
    'takes %s',
    (origin) => expect(originProblem(origin)).toBeUndefined(),
  );

  it.each([
    ['app.example.com', 'scheme'],
    ['https://app.example.com/', 'path'],
    ['https://app.example.com/a', 'path'],
    ['https://App.example.com', 'case'],
    ['https://a b', 'shape'],
    ['https://*.*.example.com', 'shape'],
  ])('says what is wrong with %s', (origin, why) => expect(originProblem(origin)).toBe(why));

  it('tells networks from other text', () => {
    for (const good of ['203.0.113.7', '203.0.113.0/24', '2001:db8::/32', '::1']) expect(isNetwork(good)).toBe(true);
    for (const bad of ['300.1.1.1', '10.0.0.0/33', '10.0.0.0/8/8', 'localhost', '', 'fe80::/200'])
      expect(isNetwork(bad)).toBe(false);
  });

  it('splits what is typed', () => expect(lines(' a\n\n b, c ')).toEqual(['a', 'b', 'c']));
});

describe('a key', () => {
  const key = (part: Partial<KeyOut>) => ({ status: 'active', expires_at: null, ...part }) as KeyOut;

  it('counts expiry into its state', () => {
    expect(stateOf(key({}))).toBe('active');
    expect(stateOf(key({ expires_at: '2026-01-01T00:00:00Z' }), Date.parse('2026-01-01T00:00:00Z'))).toBe('expired');
    expect(stateOf(key({ expires_at: '2026-01-01T00:00:00Z' }), Date.parse('2025-12-31T23:59:59Z'))).toBe('active');
    expect(stateOf(key({ status: 'revoked', expires_at: '2026-01-01T00:00:00Z' }))).toBe('revoked');
  });

  it('has something that settles each finding (D26)', () => {
    for (const code of Object.keys(en.findings)) expect(fixOf(code), code).toBeDefined();
  });

  it('comes with a line that can be pasted', () => {
    const operations = [operation({ path: '/v1/company/{id:int32}' }), operation({ path: '/v1/status' })];
    const half = { secret: 'sk_test_x', client_id: 'ci_1' };
    expect(curlLine(half, 'http://127.0.0.1:8080/', operations)).toBe(
      'curl -u sk_test_x: http://127.0.0.1:8080/v1/status',
    );
    expect(curlLine(half, undefined, [])).toBe('curl -u sk_test_x: $API_URL/');
    const sent = (presentation: string) => curlLine(half, 'http://a', [], [], [presentation]);
    expect(sent('header:x-api-key')).toBe('curl -H "X-API-Key: sk_test_x" http://a/');
    expect(sent('client-id-secret')).toBe('curl -H "X-Client-Id: ci_1" -H "X-Client-Secret: sk_test_x" http://a/');
    expect(sent('bearer')).toBe('curl -H "Authorization: Bearer sk_test_x" http://a/');
  });
});

it('grants scopes whose resource has parts (R76)', () => {
  expect(grants(['messages:sms:send'], 'messages:sms:send')).toBe(true);
  expect(grants(['messages:email:send'], 'messages:sms:send')).toBe(false);
  expect(grants(['*:send'], 'messages:sms:send')).toBe(true);
});

it('leaves the management of restricted keys to the primary key (R29)', () => {
  const managed = operation({ id: 'subkey_get', scope: 'subkey:read', company_mode: 'account', served_by: 'subkeys' });
  expect(verdict(managed, scopesOf('full_access', []), false)).toMatchObject({ allowed: false, reach: 'primary' });
  expect(verdict(managed, scopesOf('full_access', []), false, true)).toMatchObject({ allowed: true });
  expect(knownScopes([managed])).toEqual([]);
});

it('writes paths as people do', () => expect(plainPath('/v1/company/{id:int32}/x')).toBe('/v1/company/{id}/x'));
