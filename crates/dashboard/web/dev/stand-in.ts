// A stand-in for the control plane, for working on the pages only: it answers from memory and decides nothing.
// An address of a session with `full` in it has 500 keys and 30 days of traffic, `empty` a fresh account.

import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  AuditEntryOut,
  CompanyOut,
  CredentialOut,
  DeviceOut,
  ExplainOut,
  FindingOut,
  InvitationOut,
  KeyIn,
  KeyOut,
  KeyPatch,
  LinkedProviderOut,
  MemberOut,
  OperationOut,
  OverviewOut,
  ReceiptOut,
  RequestOut,
  RoleName,
  SessionView,
} from '../src/api/generated.ts';
import { routes } from '../src/api/generated.ts';

let seed = 7;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const letters = '0123456789abcdefghjkmnpqrstvwxyz';
const id = (prefix: string) => `${prefix}_01m8${Array.from({ length: 22 }, () => pick([...letters])).join('')}`;
const iso = (at: number) => new Date(at).toISOString();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = Date.now();

const resources = ['company', 'send', 'receive', 'update', 'log', 'webhook', 'export'];
const operations: OperationOut[] = resources.flatMap((resource) => {
  const mode = resource === 'webhook' ? 'account' : resource === 'export' ? 'context' : 'locators';
  const one = (method: string, path: string, action: string): OperationOut => ({
    id: `${path.slice(4).replaceAll(/[/{}:]+/g, '_')}_${method.toLowerCase()}`,
    method,
    path,
    audience: 'key',
    scope: `${resource}:${action}`,
    company_mode: mode,
    company_sources: [],
    other_bodies: 'refused',
    limit_class: 'default',
    environment: null,
    served_by: 'upstream',
  });
  return [
    one('GET', `/v1/${resource}`, 'read'),
    one('GET', `/v1/${resource}/{id:int32}`, 'read'),
    one('POST', `/v1/${resource}`, resource === 'send' ? 'send' : 'write'),
    ...(resource === 'send' ? [one('POST', '/v1/send/validate', 'read')] : []),
    one('DELETE', `/v1/${resource}/{id:int32}`, 'write'),
  ];
});
operations.push({
  id: 'health_get',
  method: 'GET',
  path: '/v1/health',
  audience: 'public',
  scope: 'health:read',
  company_mode: 'neutral',
  company_sources: [],
  other_bodies: 'refused',
  limit_class: 'default',
  environment: 'live',
  served_by: 'upstream',
});

const scopes: Record<string, string[]> = {
  read_only: ['*:read'],
  send: ['*:read', '*:send'],
  full_access: ['*:read', '*:write', '*:send'],
};

const finding = (code: string, level: 'warning' | 'advice'): FindingOut => ({
  code,
  level,
  sentence: code,
  action: code,
});

function findings(key: KeyOut): FindingOut[] {
  if (key.status === 'revoked') return [];
  if (key.expires_at && Date.parse(key.expires_at) < now) return [finding('expired', 'warning')];
  const list: FindingOut[] = [];
  if (key.origins.includes('*'))
    list.push(finding(key.preset === 'read_only' ? 'any_origin' : 'any_origin_can_write', 'warning'));
  else if (key.origins.length && key.preset !== 'read_only') list.push(finding('browser_key_can_write', 'warning'));
  if (key.kind === 'restricted' && key.preset === 'full_access') list.push(finding('wide_preset', 'warning'));
  if (key.live?.previous?.last_used) list.push(finding('old_secret_still_used', 'warning'));
  const used = key.live?.last_used?.at ?? key.test?.last_used?.at;
  if (!used && Date.parse(key.created_at) < now - 90 * DAY) list.push(finding('unused_90_days', 'warning'));
  if (key.expires_at && Date.parse(key.expires_at) < now + 30 * DAY) list.push(finding('expires_soon', 'advice'));
  if (key.kind === 'restricted' && !key.expires_at) list.push(finding('no_expiry', 'advice'));
  if (!key.origins.length && !key.networks.length) list.push(finding('no_network_list', 'advice'));
  if (!key.rotate_every_days) list.push(finding('no_rotation_reminder', 'advice'));
  return list;
}

const hex = (bytes: number) =>
  createHash('sha256')
    .update(String(random()))
    .digest('hex')
    .slice(0, bytes * 2);
const lastFour = () => randomBytes(3).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, 4);

function credential(environment: string, created: number, used: boolean): CredentialOut {
  return {
    client_id: `ci_${hex(12)}`,
    last_four: lastFour(),
    created_at: iso(created),
    last_used: used
      ? {
          at: iso(now - random() ** 3 * 40 * DAY),
          address: `203.0.113.${Math.floor(random() * 250)}`,
          environment,
          operation: pick(operations).id,
        }
      : null,
  } as CredentialOut;
}

function newKey(
  account_id: string,
  input: KeyIn,
  created: number,
  used: boolean,
  kind: 'primary' | 'restricted' = 'restricted',
): KeyOut {
  const both = !input.environments || input.environments.includes('live');
  const preset = input.preset ?? 'read_only';
  const key = {
    id: id('key'),
    account_id,
    kind,
    description: input.description ?? '',
    status: 'active',
    preset,
    scopes: preset === 'custom' ? (input.scopes ?? []) : (scopes[preset] ?? []),
    companies: input.companies ?? 'all',
    environments: both ? ['test', 'live'] : ['test'],
    expires_at: input.expires_at ?? null,
    origins: input.origins ?? [],
    networks: input.networks ?? [],
    limits: input.limits ?? {},
    rotate_every_days: input.rotate_every_days ?? null,
    findings: [],
    created_by: null,
    created_at: iso(created),
    updated_at: iso(created),
    version: 1,
    test: credential('test', created, used),
    live: both ? credential('live', created, used) : null,
  } as unknown as KeyOut;
  key.findings = findings(key);
  return key;
}

interface World {
  account: { id: string; name: string };
  session: SessionView;
  keys: KeyOut[];
  companies: CompanyOut[];
  members: MemberOut[];
  invitations: InvitationOut[];
  requests: RequestOut[];
  audit: AuditEntryOut[];
  devices: DeviceOut[];
  links: LinkedProviderOut[];
  listeners: Set<ServerResponse>;
}

const rights = Object.keys(routes);

function world(name: string, person: string, email: string, role: RoleName): World {
  const account = { id: id('acc'), name };
  const member: MemberOut = {
    id: id('mem'),
    person_id: id('per'),
    name: person,
    email,
    role,
    created_at: iso(now - 90 * DAY),
    last_seen_at: iso(now),
    has_totp: false,
    keys: 2,
  };
  return {
    account,
    session: {
      session_id: id('ses'),
      expires_at: iso(now + 7 * DAY),
      person: { id: member.person_id, name: person, email, has_totp: false, has_password: true },
      memberships: [
        {
          account,
          member_id: member.id,
          role,
          rights:
            role === 'viewer'
              ? rights.filter((one) => /_(list|get|verify_in_account|usage|in_account)$/.test(one))
              : rights,
        },
      ],
    },
    keys: [newKey(account.id, { preset: 'full_access' }, now - 90 * DAY, false, 'primary')],
    companies: [],
    members: [member],
    invitations: [],
    requests: [],
    audit: [],
    links: [],
    devices: [
      {
        id: id('ses'),
        current: true,
        created_at: iso(now - 2 * HOUR),
        last_seen_at: iso(now),
        address: '198.51.100.4',
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
        expires_at: iso(now + 7 * DAY),
      },
    ],
    listeners: new Set(),
  };
}

function log(
  of: World,
  action: string,
  subjects: string[],
  details: Record<string, unknown> = {},
  at = Date.now(),
  author?: string,
) {
  const sequence = of.audit.length + 1;
  of.audit.unshift({
    id: id('aud'),
    sequence,
    at: iso(at),
    action,
    author: author ?? of.members[0]?.id ?? 'installation',
    request_id: id('req'),
    account_id: of.account.id,
    subjects,
    revision: sequence + 3,
    details,
    hash: hex(32),
  });
}

const cities = ['Milano', 'Torino', 'Roma', 'Napoli', 'Bologna', 'Verona', 'Genova', 'Bari', 'Trieste', 'Padova'];
const trades = ['Rossi', 'Bianchi', 'Ferrari', 'Esposito', 'Romano', 'Gallo', 'Conti', 'Greco', 'Bruno', 'Marino'];
const uses = [
  'Reporting',
  'Shop',
  'ERP connector',
  'Invoice portal',
  'Archive export',
  'Monitoring',
  'Consultant',
  'Web widget',
  'Nightly sync',
  'Mobile app',
];

function full(): World {
  const of = world('Studio Bianchi S.r.l.', 'Giulia Bianchi', 'giulia@full.example', 'owner');
  for (let index = 0; index < 24; index++) {
    const vat = `IT0${1_000_000_000 + index * 7_919}`;
    of.companies.push({
      id: id('co'),
      account_id: of.account.id,
      name: `${trades[index % 10]} ${pick(['S.r.l.', 'S.p.A.', 'S.n.c.'])} ${cities[(index * 3) % 10]}`,
      external_names: index % 5 ? [`test:vat=${vat}`, `live:vat=${vat}`] : [`live:vat=${vat}`, `live:id=${index + 40}`],
      created_at: iso(now - (80 - index) * DAY),
      updated_at: iso(now - (80 - index) * DAY),
      version: 1,
    });
  }
  const people: [string, RoleName, boolean][] = [
    ['Marco Ferrari', 'admin', true],
    ['Anna Conti', 'developer', true],
    ['Luca Greco', 'developer', false],
    ['Sara Romano', 'viewer', false],
  ];
  for (const [name, role, has_totp] of people) {
    of.members.push({
      id: id('mem'),
      person_id: id('per'),
      name,
      email: `${name.split(' ')[0]?.toLowerCase()}@full.example`,
      role,
      created_at: iso(now - random() * 60 * DAY),
      last_seen_at: random() < 0.7 ? iso(now - random() * 5 * DAY) : null,
      has_totp,
      keys: role === 'viewer' ? 0 : Math.floor(random() * 40),
    });
  }
  for (const email of ['paolo@full.example', 'chiara@full.example']) {
    of.invitations.push({
      id: id('inv'),
      email,
      role: pick(['developer', 'viewer'] as const),
      created_at: iso(now - DAY),
      expires_at: iso(now + 5 * DAY),
      created_by: of.members[0]?.id ?? '',
    });
  }
  for (let index = 0; index < 499; index++) {
    const created = now - random() ** 2 * 200 * DAY;
    const browser = index % 9 === 0;
    const key = newKey(
      of.account.id,
      {
        description: `${uses[index % 10]} ${cities[Math.floor(index / 10) % 10]}${index > 99 ? ` ${Math.floor(index / 100) + 1}` : ''}`,
        preset: pick(['read_only', 'read_only', 'send', 'send', 'custom', 'full_access']),
        scopes: ['company:read', 'send:read', 'send:send'],
        companies:
          random() < 0.5 ? 'all' : of.companies.slice(index % 20, (index % 20) + 1 + (index % 3)).map((one) => one.id),
        ...(index % 17 === 0 ? { environments: ['test' as const] } : {}),
        expires_at: random() < 0.6 ? iso(now + (random() * 300 - 15) * DAY) : null,
        origins: browser ? (index % 27 === 0 ? ['*'] : [`https://app${index}.example.com`]) : [],
        networks: !browser && random() < 0.5 ? ['203.0.113.0/24', '2001:db8::/32'] : [],
        rotate_every_days: random() < 0.4 ? 90 : null,
      },
      created,
      random() < 0.85,
    );
    if (index % 23 === 3) key.status = 'disabled';
    if (index % 13 === 5) key.status = 'revoked';
    if (index % 41 === 1 && key.live) {
      key.live.previous = {
        last_four: lastFour(),
        ends_at: iso(now + 18 * HOUR),
        last_used:
          index % 2
            ? { at: iso(now - HOUR), address: '203.0.113.77', environment: 'live', operation: 'send_post' }
            : null,
      } as never;
    }
    key.findings = findings(key);
    of.keys.push(key);
  }
  of.keys.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  for (let index = 0; index < 1_200; index++) {
    const key = of.keys[Math.floor(random() ** 3 * of.keys.length)];
    const operation = pick(operations);
    const lot = random();
    const reason =
      lot < 0.1
        ? pick([
            'insufficient_scope',
            'company_not_allowed',
            'ip_not_allowed',
            'secret_ended',
            'key_expired',
            'origin_not_allowed',
          ])
        : null;
    const limited = !reason && lot < 0.13;
    const status = reason
      ? reason.startsWith('key') || reason.startsWith('secret')
        ? 401
        : 403
      : limited
        ? 429
        : lot < 0.16
          ? 404
          : lot < 0.17
            ? 502
            : operation.method === 'POST'
              ? 201
              : 200;
    of.requests.push({
      id: id('req'),
      at: iso(now - index * index * 900),
      account_id: of.account.id,
      key_id: key?.id ?? null,
      environment: random() < 0.6 ? 'test' : 'live',
      method: operation.method,
      operation: operation.id,
      status,
      outcome: reason
        ? 'refused'
        : limited
          ? 'limited'
          : status >= 500
            ? 'server_error'
            : status >= 400
              ? 'client_error'
              : 'ok',
      reason: reason ?? (limited ? 'rate_limit_exceeded' : null),
      limit: limited ? 'default' : null,
      company_id: random() < 0.5 ? pick(of.companies).id : null,
      address: `203.0.113.${Math.floor(random() * 250)}`,
      user_agent: pick(['curl/8.5.0', 'python-requests/2.32', 'invoicetronic-sdk/1.11']),
      origin: key?.origins[0] ?? null,
      duration_micros: Math.floor(300 + random() ** 4 * 90_000),
    });
  }
  for (const company of of.companies)
    log(of, 'company.created', [company.id], { name: company.name }, Date.parse(company.created_at));
  for (const key of of.keys.slice(0, 40).reverse()) {
    log(
      of,
      pick(['key.created', 'key.created', 'key.rotated', 'key.updated', 'key.revoked', 'key.disabled']),
      [key.id],
      { preset: key.preset },
      Date.parse(key.created_at),
      pick(of.members).id,
    );
  }
  of.devices.push({
    id: id('ses'),
    current: false,
    created_at: iso(now - 3 * DAY),
    last_seen_at: iso(now - 5 * HOUR),
    address: '198.51.100.90',
    user_agent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Safari/604.1',
    expires_at: iso(now + 4 * DAY),
  });
  return of;
}

const worlds = { full: full(), empty: world('Fresh Account', 'Ada Neri', 'ada@empty.example', 'owner') };

function overview(of: World, hours: number): OverviewOut {
  const step = hours > 48 ? DAY : HOUR;
  const until = Date.now();
  const since = Math.floor((until - hours * HOUR) / step) * step;
  const busy = of.requests.length > 0;
  const spans = [];
  const sums = { ok: 0, client_error: 0, server_error: 0, refused: 0, limited: 0 };
  seed = 11;
  if (busy) {
    for (let at = since; at < until; at += step) {
      const week = new Date(at).getUTCDay();
      const hour = new Date(at).getUTCHours();
      const base = step === DAY ? (week === 0 || week === 6 ? 2_100 : 8_400) : hour > 6 && hour < 19 ? 620 : 130;
      const n = base * (0.75 + random() * 0.5);
      const span = {
        ok: Math.floor(n),
        client_error: Math.floor(n * 0.02 * random()),
        server_error: Math.floor(n * 0.012 * random()),
        refused: Math.floor(n * (random() < 0.1 ? 0.2 : 0.03) * random()),
        limited: Math.floor(n * 0.02 * random()),
      };
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += span[name];
      spans.push({ start: iso(at), ...span });
    }
  }
  const codes = new Map<string, { level: string; count: number }>();
  for (const key of of.keys) {
    for (const one of key.findings) {
      const known = codes.get(one.code) ?? { level: one.level, count: 0 };
      known.count++;
      codes.set(one.code, known);
    }
  }
  const active = of.keys.filter((one) => one.status === 'active' && one.kind === 'restricted');
  return {
    environment: 'test',
    since: iso(since),
    until: iso(until),
    granularity: step === DAY ? 'day' : 'hour',
    kept_since: iso(now - 60 * DAY),
    totals: sums,
    spans,
    top_keys: busy
      ? active.slice(0, 8).map((one, index) => ({
          key_id: one.id,
          description: one.description,
          kind: 'restricted',
          count: Math.floor(31_000 / (index + 1.4)),
        }))
      : [],
    refusals: busy
      ? [
          { reason: 'insufficient_scope', count: 1_204 },
          { reason: 'company_not_allowed', count: 611 },
          { reason: 'secret_ended', count: 240 },
          { reason: 'ip_not_allowed', count: 96 },
          { reason: 'origin_not_allowed', count: 41 },
        ]
      : [],
    findings: [...codes]
      .map(([code, one]) => ({ code, level: one.level, count: one.count }))
      .sort((a, b) => (a.level === b.level ? b.count - a.count : a.level === 'warning' ? -1 : 1)),
    findings_complete: true,
    limit_use: busy
      ? [
          {
            key_id: active[0]?.id ?? null,
            environment: 'test',
            limit: 'default',
            used: 57,
            room: 60,
            seconds: 60,
            percent: 95,
          },
          {
            key_id: null,
            environment: 'test',
            limit: 'default',
            used: 24,
            room: 60,
            seconds: 60,
            percent: 40,
          },
        ]
      : [],
    limits: busy
      ? active
          .slice(0, 3)
          .map((one, index) => ({ key_id: one.id, limit: index ? 'default' : 'messaging', count: 320 >> index }))
      : [],
  } as OverviewOut;
}

const receipt = (): ReceiptOut => ({
  revision: 42,
  gateways: [{ name: 'local', applied_at: iso(Date.now()), cut: 0 }],
  fenced: [],
});

const steps = [
  'credential',
  'status',
  'expiry',
  'secret',
  'freshness',
  'operation',
  'audience',
  'address',
  'origin',
  'scope',
  'company',
];

function explain(fails: string | null, operation: string | null): ExplainOut {
  const at = fails ? steps.indexOf(fails) : steps.length;
  return {
    allowed: !fails,
    operation,
    refusal: fails
      ? {
          status: 403,
          code: 'insufficient_scope',
          detail: 'This key does not have the scope that the operation needs.',
          reason: 'insufficient_scope',
        }
      : null,
    steps: steps.map((check, index) => ({
      check,
      state: index < at ? 'passed' : index === at ? 'failed' : 'not_reached',
      sentence:
        index < at
          ? `The check of ${check} passed.`
          : index === at
            ? 'The key lacks the scope company:write.'
            : 'The request is refused before this is checked.',
    })),
    remedies: fails
      ? [{ action: 'grant_scope', scope: 'company:write', sentence: 'Give the key the scope company:write.' }]
      : [],
  } as ExplainOut;
}

const secret = (kind: string, environment: string) =>
  `${kind}_${environment}_${randomBytes(40).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, 44)}`;

function issued(key: KeyOut) {
  const prefix = key.kind === 'primary' ? 'sk' : 'rk';
  const half = (environment: 'test' | 'live') => {
    const one = key[environment];
    if (!one) return null;
    const text = secret(prefix, environment);
    one.last_four = text.slice(-4);
    return { client_id: one.client_id, secret: text };
  };
  return { key_id: key.id, test: half('test'), live: half('live'), key, in_force: receipt() };
}

/** Who is signed in where: the cookie names the account. */
const signedIn = new Map<string, World>();
for (const of of Object.values(worlds)) signedIn.set(of.account.id, of);

function enter(response: ServerResponse, of: World | undefined): void {
  if (of) signedIn.set(of.account.id, of);
  response.setHeader('set-cookie', `stand-in=${of?.account.id ?? ''}; Path=/; HttpOnly; SameSite=Strict`);
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** Answers one request. */
export async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString() || '{}') : {};
  const send = (status: number, value?: unknown) => {
    response.writeHead(status, {
      'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
      'x-request-id': id('req'),
    });
    response.end(value === undefined ? undefined : JSON.stringify(value));
  };
  for (const [name, [method, template]] of Object.entries(routes)) {
    if (method !== request.method) continue;
    const pattern = new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const found = pattern.exec(url.pathname);
    if (!found) continue;
    try {
      const value = operate(name as keyof typeof routes, found.groups ?? {}, url.searchParams, body, request, response);
      if (value === undefined) return;
      send(value === null ? 204 : method === 'POST' && !/session|explain/.test(name) ? 201 : 200, value ?? undefined);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      const title = thrown.code.replaceAll('_', ' ');
      send(thrown.status, {
        type: `urn:claviger:problem:${thrown.code.replaceAll('_', '-')}`,
        title: title[0]?.toUpperCase() + title.slice(1),
        detail: thrown.detail,
        status: thrown.status,
        error: { code: thrown.code, message: thrown.detail },
        request_id: id('req'),
      });
    }
    return;
  }
  send(404, {
    type: 'x',
    title: 'No such operation',
    detail: 'The control API has no operation at this path.',
    status: 404,
    error: { code: 'route_not_found', message: '' },
  });
}

function operate(
  name: keyof typeof routes,
  path: Record<string, string>,
  query: URLSearchParams,
  // biome-ignore lint/suspicious/noExplicitAny: bodies are believed
  body: any,
  request: IncomingMessage,
  response: ServerResponse,
): unknown {
  if (name === 'sign_in_options_get') {
    return {
      registration: 'open',
      providers: [
        { id: 'entra', name: 'Microsoft' },
        { id: 'google', name: 'Google' },
      ],
      product: 'Claviger',
      needs_first_owner: false,
      api_url: 'http://127.0.0.1:8080',
    };
  }
  if (name === 'session_create') {
    if (body.password === 'wrong')
      throw new Refusal(401, 'sign_in_failed', 'This address and password do not fit together.');
    const of = String(body.email).includes('empty') ? worlds.empty : worlds.full;
    if (of.session.person.has_totp && !body.code) throw new Refusal(401, 'second_factor_required', 'Send a code.');
    enter(response, of);
    return of.session;
  }
  if (name === 'registrations_create') {
    const made = world(body.account_name, body.name, body.email, 'owner');
    enter(response, made);
    return {
      account: { ...made.account, created_at: iso(now) },
      member: made.members[0],
      key: issued(made.keys[0] as KeyOut),
    };
  }
  if (name === 'invitations_look_up') {
    if (String(body.token).length < 20) throw new Refusal(404, 'invitation_invalid', 'This invitation does not exist.');
    return {
      account_name: 'Studio Bianchi S.r.l.',
      email: 'paolo@full.example',
      role: 'developer',
      expires_at: iso(now + 5 * DAY),
      has_person: false,
    };
  }
  if (name === 'invitations_accept') {
    enter(response, worlds.full);
    return worlds.full.session;
  }
  const of = signedIn.get(/stand-in=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '');
  if (!of) throw new Refusal(401, 'not_signed_in', 'Nobody is signed in.');
  const page = <T>(list: T[]) => {
    const limit = Number(query.get('limit') ?? 50);
    const from = Number(query.get('cursor') ?? 0);
    return {
      data: list.slice(from, from + limit),
      next_cursor: from + limit < list.length ? String(from + limit) : null,
    };
  };
  const known = <T extends { id: string }>(list: T[], wanted: string | undefined): T => {
    const one = list.find((candidate) => candidate.id === wanted);
    if (!one) throw new Refusal(404, 'not_found', 'There is no such object in this account.');
    return one;
  };
  const changed = (action: string, subject: string, kind: string) => {
    log(of, action, [subject]);
    for (const listener of of.listeners)
      listener.write(`event: change\ndata: ${JSON.stringify({ kind, id: subject })}\n\n`);
  };
  const key = () => known(of.keys, path.key_id);
  const touch = (one: KeyOut, action: string) => {
    one.version++;
    one.updated_at = iso(Date.now());
    one.findings = findings(one);
    changed(action, one.id, 'key');
    return { key: one, in_force: receipt() };
  };
  switch (name) {
    case 'session_get':
      return of.session;
    case 'session_delete':
    case 'me_sessions_delete_all':
      enter(response, undefined);
      return null;
    case 'me_update':
      of.session.person.name = body.name;
      return of.session;
    case 'me_password':
      if (body.current_password === 'wrong')
        throw new Refusal(403, 'confirmation_failed', 'The password or the code is not right.');
      return of.session;
    case 'me_sessions_list':
      return { data: of.devices, next_cursor: null };
    case 'me_sessions_delete':
      of.devices = of.devices.filter((one) => one.id !== path.session_id);
      return null;
    case 'me_totp_create':
      return {
        secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
        uri: `otpauth://totp/Claviger:${of.session.person.email}?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Claviger`,
      };
    case 'me_totp_confirm':
    case 'me_recovery_codes':
      of.session.person.has_totp = true;
      return { recovery_codes: Array.from({ length: 10 }, () => `${hex(2)}-${hex(2)}-${hex(2)}`) };
    case 'me_totp_delete':
      of.session.person.has_totp = false;
      return of.session;
    case 'me_providers_list':
      return { data: of.links, next_cursor: null };
    case 'me_providers_link':
    case 'me_providers_unlink':
      if (body.password === 'wrong')
        throw new Refusal(403, 'confirmation_failed', 'The password or the code is not right.');
      of.links = of.links.filter((one) => one.provider_id !== path.provider_id);
      if (name === 'me_providers_unlink') return of.session;
      of.links.push({ provider_id: path.provider_id ?? '', name: 'Provider', linked_at: new Date().toISOString() });
      return { location: '/' };
    case 'events_follow':
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': here\n\n');
      of.listeners.add(response);
      request.on('close', () => of.listeners.delete(response));
      return undefined;
    case 'overview_get':
      return overview(of, Number(query.get('hours') ?? 24));
    case 'operations_list':
      return page(operations);
    case 'keys_list':
      return page(of.keys);
    case 'keys_get':
      return key();
    case 'keys_create': {
      const made = newKey(of.account.id, body as KeyIn, Date.now(), false);
      of.keys.unshift(made);
      changed('key.created', made.id, 'key');
      return issued(made);
    }
    case 'keys_update': {
      const one = key();
      const { expected_version: _, confirm_any_origin: __, ...patch } = body as KeyPatch;
      Object.assign(one, patch);
      if (patch.preset && patch.preset !== 'custom') one.scopes = scopes[patch.preset] ?? [];
      return touch(one, 'key.updated');
    }
    case 'keys_disable':
      key().status = 'disabled';
      return touch(key(), 'key.disabled');
    case 'keys_enable':
      key().status = 'active';
      return touch(key(), 'key.enabled');
    case 'keys_revoke':
      key().status = 'revoked';
      return touch(key(), 'key.revoked');
    case 'keys_delete': {
      const gone = key().id;
      of.keys = of.keys.filter((one) => one.id !== gone);
      changed('key.deleted', gone, 'key');
      return { key_id: gone, in_force: receipt() };
    }
    case 'keys_rotate': {
      const one = key();
      for (const half of [one.test, one.live]) {
        if (half && body.overlap_seconds)
          half.previous = {
            last_four: half.last_four,
            ends_at: iso(Date.now() + body.overlap_seconds * 1_000),
            last_used: null,
          } as never;
      }
      const answered = issued(one);
      touch(one, 'key.rotated');
      return answered;
    }
    case 'keys_end_previous':
      for (const half of [key().test, key().live]) if (half) half.previous = null;
      return touch(key(), 'key.previous_secret_ended');
    case 'keys_usage': {
      const granularity = query.get('granularity') ?? 'hour';
      const step = granularity === 'day' ? DAY : HOUR;
      const since = Math.floor(Date.parse(query.get('since') ?? '') / step) * step;
      const data = [];
      seed = 5;
      if (key().live?.last_used ?? key().test?.last_used) {
        for (let at = since; at < Date.now(); at += step) {
          for (const outcome of ['ok', 'refused', 'client_error']) {
            const count = Math.floor((outcome === 'ok' ? 400 : 20) * random());
            for (const environment of ['test', 'live'])
              data.push({ start: iso(at), operation: 'send_get', environment, outcome, count });
          }
        }
      }
      return {
        key_id: path.key_id,
        granularity,
        since: iso(since),
        until: iso(Date.now()),
        data,
        complete: true,
        kept_since: null,
        totals: {},
      };
    }
    case 'companies_list':
      return page(of.companies);
    case 'companies_create': {
      const made: CompanyOut = {
        id: id('co'),
        account_id: of.account.id,
        name: body.name,
        external_names: body.external_names ?? [],
        created_at: iso(Date.now()),
        updated_at: iso(Date.now()),
        version: 1,
      };
      of.companies.unshift(made);
      changed('company.created', made.id, 'company');
      return { company: made, in_force: receipt() };
    }
    case 'companies_update': {
      const { expected_version: _, ...patch } = body;
      const one = Object.assign(known(of.companies, path.company_id), patch);
      changed('company.updated', one.id, 'company');
      return { company: one, in_force: receipt() };
    }
    case 'companies_delete':
      of.companies = of.companies.filter((one) => one.id !== path.company_id);
      changed('company.deleted', path.company_id ?? '', 'company');
      return { company_id: path.company_id, keys: [], in_force: receipt() };
    case 'requests_list':
      return page(
        of.requests.filter(
          (one) =>
            one.environment === query.get('environment') &&
            (!query.get('key_id') || one.key_id === query.get('key_id')) &&
            (!query.get('reason') || one.reason === query.get('reason')) &&
            (!query.get('status') || String(one.status) === query.get('status')) &&
            (!query.get('operation') || one.operation === query.get('operation')),
        ),
      );
    case 'requests_get': {
      const one = known(of.requests, path.request_id);
      const fails = one.reason ? 'scope' : null;
      return {
        request: one,
        secret: 'current',
        refusal: one.reason
          ? {
              check: 'scope',
              reason: one.reason,
              code: one.reason,
              rule: 'The operation company_post needs the scope company:write, which the key did not have.',
            }
          : null,
        now: explain(fails, one.operation ?? null),
        remedies: [],
      };
    }
    case 'explain_in_account':
      return explain(body.method === 'GET' ? null : 'scope', 'company_post');
    case 'audit_list':
      return page(of.audit);
    case 'audit_verify_in_account':
      return { intact: true, verified_at: iso(Date.now()), head: hex(32) };
    case 'members_list':
      return page(of.members);
    case 'members_update': {
      const one = Object.assign(known(of.members, path.member_id), { role: body.role });
      return { member: one, in_force: receipt() };
    }
    case 'members_delete':
      of.members = of.members.filter((one) => one.id !== path.member_id);
      return { member_id: path.member_id, keys: [], in_force: receipt() };
    case 'invitations_list':
      return page(of.invitations);
    case 'invitations_create': {
      const made: InvitationOut = {
        id: id('inv'),
        email: body.email,
        role: body.role,
        created_at: iso(Date.now()),
        expires_at: iso(Date.now() + 7 * DAY),
        created_by: of.members[0]?.id ?? '',
      };
      of.invitations.unshift(made);
      return { invitation: made, link: `http://localhost:4173/invitation#${randomBytes(32).toString('base64url')}` };
    }
    case 'invitations_delete':
      of.invitations = of.invitations.filter((one) => one.id !== path.invitation_id);
      return null;
    default:
      throw new Refusal(404, 'not_found', 'The stand-in does not know this operation.');
  }
}
