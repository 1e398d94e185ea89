// What is chosen for a key before it is sent: where it begins, what is wrong with it, and what is asked for in the end.

import type { KeyIn, KeyOut, KeyPatch } from '../api/generated.ts';
import { fromField, toField } from '../format.ts';
import { isNetwork, lines, mayChange, originProblem, type Preset, scopesOf } from '../reach.ts';
import type { Words } from '../words/en.ts';

export interface Draft {
  description: string;
  place: 'server' | 'browser';
  preset: Preset;
  scopes: string[];
  companies: 'all' | string[];
  environments: 'both' | 'test';
  expiry: string;
  expiresAt: string;
  networks: string;
  origins: string;
  rotation: string;
  limits: string;
  confirmAny: boolean;
  confirmLive: boolean;
}

export const fresh: Draft = {
  description: '',
  place: 'server',
  preset: 'read_only',
  scopes: [],
  companies: 'all',
  environments: 'both',
  expiry: '90',
  expiresAt: '',
  networks: '',
  origins: '',
  rotation: '',
  limits: '',
  confirmAny: false,
  confirmLive: false,
};

export function draftOf(key: KeyOut): Draft {
  return {
    description: key.description,
    place: key.origins.length ? 'browser' : 'server',
    preset: key.preset as Preset,
    scopes: key.preset === 'custom' ? key.scopes : [],
    companies: key.companies,
    environments: key.environments.includes('live') ? 'both' : 'test',
    expiry: key.expires_at ? 'at' : 'never',
    expiresAt: key.expires_at ? toField(key.expires_at) : '',
    networks: key.networks.join('\n'),
    origins: key.origins.join('\n'),
    rotation: key.rotate_every_days ? String(key.rotate_every_days) : '',
    limits: Object.entries(key.limits)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    confirmAny: false,
    confirmLive: key.origins.length > 0,
  };
}

export type Faults = Partial<
  Record<
    | 'description'
    | 'scopes'
    | 'companies'
    | 'expiry'
    | 'networks'
    | 'origins'
    | 'rotation'
    | 'limits'
    | 'confirmAny'
    | 'confirmLive',
    string
  >
>;

/** What cannot be sent as it stands. The control plane has the last word. */
export function faultsOf(draft: Draft, words: Words, primary = false): Faults {
  const faults: Faults = {};
  const say = words.keyForm.faults;
  if (draft.description !== draft.description.trim() || draft.description.length > 200)
    faults.description = say.description;
  const wrongNetwork = lines(draft.networks).find((line) => !isNetwork(line));
  if (wrongNetwork) faults.networks = say.network(wrongNetwork);
  if (draft.rotation && !/^[1-9]\d{0,3}$/.test(draft.rotation)) faults.rotation = say.rotation;
  const wrongLimit = lines(draft.limits).find((line) => !/^[a-z0-9_]+=[1-9]\d*$/.test(line));
  if (wrongLimit) faults.limits = say.limit(wrongLimit);
  if (primary) return faults;
  if (draft.preset === 'custom' && draft.scopes.length === 0) faults.scopes = say.scopes;
  if (draft.companies !== 'all' && draft.companies.length === 0) faults.companies = say.companies;
  if (draft.expiry === 'at') {
    const at = fromField(draft.expiresAt);
    if (!at) faults.expiry = say.expiry;
    else if (Date.parse(at) <= Date.now()) faults.expiry = say.expiryPast;
  }
  if (draft.place === 'browser') {
    const origins = lines(draft.origins);
    if (!origins.length) faults.origins = say.origins;
    const wrong = origins.find((origin) => originProblem(origin));
    if (wrong) faults.origins = say.origin(wrong, originProblem(wrong) ?? 'shape');
    if (origins.includes('*') && mayChange(scopesOf(draft.preset, draft.scopes)) && !draft.confirmAny)
      faults.confirmAny = say.confirm;
    if (draft.environments === 'both' && !draft.confirmLive) faults.confirmLive = say.confirm;
  }
  return faults;
}

const DAY_MS = 86_400_000;

function expiryOf(draft: Draft): string | null {
  if (draft.expiry === 'never') return null;
  if (draft.expiry === 'at') return fromField(draft.expiresAt) ?? null;
  return new Date(Date.now() + Number(draft.expiry) * DAY_MS).toISOString();
}

function limitsOf(draft: Draft): Record<string, number> | null {
  const pairs = lines(draft.limits).map((line) => line.split('=') as [string, string]);
  return pairs.length ? Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)])) : null;
}

export function inputOf(draft: Draft): KeyIn {
  const browser = draft.place === 'browser';
  return {
    description: draft.description,
    preset: draft.preset,
    ...(draft.preset === 'custom' ? { scopes: draft.scopes } : {}),
    companies: draft.companies,
    ...(draft.environments === 'test' ? { environments: ['test'] } : {}),
    expires_at: expiryOf(draft),
    origins: browser ? lines(draft.origins) : [],
    networks: lines(draft.networks),
    rotate_every_days: draft.rotation ? Number(draft.rotation) : null,
    limits: limitsOf(draft),
    ...(browser && draft.confirmAny ? { confirm_any_origin: true } : {}),
  };
}

/** Only what differs from the key as it is. */
export function patchOf(draft: Draft, key: KeyOut): KeyPatch {
  const wanted = inputOf(draft);
  const patch: KeyPatch = { expected_version: key.version };
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  if (differs(wanted.description, key.description)) patch.description = wanted.description ?? null;
  if (differs(wanted.networks, key.networks)) patch.networks = wanted.networks ?? null;
  if (differs(wanted.rotate_every_days, key.rotate_every_days))
    patch.rotate_every_days = wanted.rotate_every_days ?? null;
  if (differs(wanted.limits ?? {}, key.limits)) patch.limits = wanted.limits ?? null;
  if (key.kind === 'primary') return patch;
  if (wanted.preset && differs(wanted.preset, key.preset)) patch.preset = wanted.preset;
  if (draft.preset === 'custom' && differs(draft.scopes, key.preset === 'custom' ? key.scopes : [])) {
    patch.preset = 'custom';
    patch.scopes = draft.scopes;
  }
  if (differs(draft.companies, key.companies)) patch.companies = draft.companies;
  if (differs(wanted.origins, key.origins)) patch.origins = wanted.origins ?? null;
  const sameMinute = key.expires_at && draft.expiry === 'at' && toField(key.expires_at) === draft.expiresAt;
  if (!sameMinute && differs(wanted.expires_at ?? null, key.expires_at ?? null))
    patch.expires_at = wanted.expires_at ?? null;
  if (wanted.confirm_any_origin) patch.confirm_any_origin = true;
  return patch;
}
