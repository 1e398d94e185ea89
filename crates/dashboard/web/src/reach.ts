// What a key may do, worked out here the way the gateway does, so that a choice shows its consequence before it is made.

import type { KeyOut, OperationOut } from './api/generated.ts';

export type Environment = 'test' | 'live';
export type Preset = 'read_only' | 'send' | 'full_access' | 'custom';

export const presets: Preset[] = ['read_only', 'send', 'full_access', 'custom'];

/** The scopes that a preset stands for. */
export function scopesOf(preset: Preset, own: string[]): string[] {
  switch (preset) {
    case 'read_only':
      return ['*:read'];
    case 'send':
      return ['*:read', '*:send'];
    case 'full_access':
      return ['*:read', '*:write', '*:send'];
    case 'custom':
      return own;
  }
}

/** Resource and action: the action is what follows the last colon, a resource may have some (`messages:sms:send`). */
const parts = (scope: string) => [scope.slice(0, scope.lastIndexOf(':')), scope.slice(scope.lastIndexOf(':') + 1)];

/** Whether one of the scopes grants what is wanted. */
export function grants(scopes: string[], wanted: string): boolean {
  const [resource, action] = parts(wanted);
  return scopes.some((scope) => {
    const [r, a] = parts(scope);
    return (r === '*' || r === resource) && (a === '*' || a === action);
  });
}

/** Whether a key with these scopes may do more than read. */
export const mayChange = (scopes: string[]) => scopes.some((scope) => !scope.endsWith(':read'));

export type Reach =
  | 'all' // every company, also later ones
  | 'chosen' // the companies of the key
  | 'none' // no company's documents are touched
  | 'scope' // refused: the scope is missing
  | 'account' // refused: of the whole account, and the key is restricted to companies
  | 'open' // needs no key
  | 'primary' // refused to every restricted key
  | 'people'; // never for keys

export interface Verdict {
  operation: OperationOut;
  allowed: boolean;
  reach: Reach;
}

/** What becomes of an operation asked for with such a key; `restricted` to some companies. */
export function verdict(operation: OperationOut, scopes: string[], restricted: boolean, primary = false): Verdict {
  const said = (reach: Reach, allowed: boolean): Verdict => ({ operation, allowed, reach });
  if (operation.audience === 'public') return said('open', true);
  if (operation.audience !== 'key') return said('people', false);
  if (operation.served_by === 'subkeys') return primary ? said('none', true) : said('primary', false);
  if (!grants(scopes, operation.scope)) return said('scope', false);
  if (operation.company_mode === 'neutral') return said('none', true);
  if (operation.company_mode === 'account' && restricted) return said('account', false);
  return said(restricted ? 'chosen' : 'all', true);
}

/** Of the operations that need a key: how many there are, and how many such a key may ask for. One count for every place. */
export function tally(operations: OperationOut[], scopes: string[], restricted: boolean, primary = false) {
  const asked = operations.filter((one) => one.audience === 'key');
  const ofKeys = asked.map((one) => verdict(one, scopes, restricted, primary));
  return {
    all: ofKeys.length,
    allowed: ofKeys.filter((one) => one.allowed).length,
    /** Refused only because they act on the whole account. */
    account: ofKeys.filter((one) => one.reach === 'account').length,
    /** Beside those: what anybody may ask for. */
    open: operations.filter((one) => one.audience === 'public').length,
  };
}

/** Every scope that an operation for keys needs, in order. */
export function knownScopes(operations: OperationOut[]): string[] {
  const grantable = operations.filter((one) => one.audience === 'key' && one.served_by === 'upstream');
  return [...new Set(grantable.map((one) => one.scope))].sort();
}

/** The path as people write it: no types in the braces. */
export const plainPath = (path: string) => path.replaceAll(/\{(\w+):\w+\}/g, '{$1}');

export type KeyState = 'active' | 'disabled' | 'revoked' | 'expired';

/** What a key is now, expiry counted. */
export function stateOf(key: KeyOut, now: number = Date.now()): KeyState {
  if (key.status === 'revoked') return 'revoked';
  if (key.status === 'disabled') return 'disabled';
  if (key.expires_at && Date.parse(key.expires_at) <= now) return 'expired';
  return 'active';
}

/** When one half of a key was used last. */
export const lastUse = (key: KeyOut, environment: Environment) => key[environment]?.last_used?.at;

/** What settles a finding, among the things that a key's page can do. */
export type Fix =
  | 'expiry'
  | 'networks'
  | 'origins'
  | 'preset'
  | 'companies'
  | 'rotation'
  | 'rotate'
  | 'previous'
  | 'revoke'
  | 'requests';

export function fixOf(code: string): Fix | undefined {
  switch (code) {
    case 'no_expiry':
    case 'expires_soon':
      return 'expiry';
    case 'no_network_list':
      return 'networks';
    case 'any_origin':
    case 'any_origin_can_write':
      return 'origins';
    case 'browser_key_can_write':
    case 'wide_preset':
      return 'preset';
    case 'no_company_left':
      return 'companies';
    case 'no_rotation_reminder':
      return 'rotation';
    case 'rotation_due':
    case 'primary_used_in_browser':
      return 'rotate';
    case 'old_secret_still_used':
      return 'previous';
    case 'unused_90_days':
    case 'expired':
      return 'revoke';
    default:
      return undefined;
  }
}

/** The lines of a text field, without what is empty. */
export const lines = (text: string) =>
  text
    .split(/[\s,]+/)
    .map((line) => line.trim())
    .filter(Boolean);

/** Why an origin cannot be one, or nothing. */
export function originProblem(origin: string): 'scheme' | 'path' | 'case' | 'shape' | undefined {
  if (origin === '*') return undefined;
  if (!/^https?:\/\//.test(origin)) return 'scheme';
  if (/^https?:\/\/[^/]+\/.*/.test(origin) || /[?#]/.test(origin)) return 'path';
  if (origin !== origin.toLowerCase()) return 'case';
  if (!/^https?:\/\/(\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+(:\d{1,5})?$|^https?:\/\/\[[0-9a-f:]+\](:\d{1,5})?$/.test(origin))
    return 'shape';
  return undefined;
}

/** Whether a text looks like an address or a block of addresses; the control plane has the last word. */
export function isNetwork(text: string): boolean {
  const [host = '', bits, more] = text.split('/');
  if (more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (four) return four.slice(1).every((part) => Number(part) <= 255) && Number(bits ?? 32) <= 32;
  return host.includes(':') && /^[0-9a-f:.]+$/i.test(host) && Number(bits ?? 128) <= 128;
}

/** A line that can be pasted: the simplest thing that a key may ask for, sent where this deployment looks for keys. */
export function curlLine(
  half: { secret: string; client_id: string },
  api: string | undefined,
  operations: OperationOut[],
  scopes: string[] = ['*:read'],
  presentations: string[] = ['basic-username'],
): string {
  const easy = operations.find(
    (one) =>
      one.audience === 'key' &&
      one.method === 'GET' &&
      !one.path.includes('{') &&
      one.served_by === 'upstream' &&
      grants(scopes, one.scope) &&
      one.company_mode !== 'account',
  );
  const base = (api ?? '$API_URL').replace(/\/$/, '');
  return `curl ${credential(half, presentations)} ${base}${easy?.path ?? '/'}`;
}

function credential(half: { secret: string; client_id: string }, presentations: string[]): string {
  if (presentations.includes('basic-username')) return `-u ${half.secret}:`;
  if (presentations.includes('header:x-api-key')) return `-H "X-API-Key: ${half.secret}"`;
  if (presentations.includes('bearer')) return `-H "Authorization: Bearer ${half.secret}"`;
  return `-H "X-Client-Id: ${half.client_id}" -H "X-Client-Secret: ${half.secret}"`;
}
