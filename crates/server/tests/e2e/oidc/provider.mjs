// An OpenID provider on loopback that a test steers: oidc-provider, unmodified, with keys that are exchanged on request.
//
// CLAVIGER_TEST_OIDC names the folder that oidc-provider is installed in. The first line on standard output is its URL.
// Apart from the provider's own endpoints:
//   GET  /test/sign-in?account=NAME   an id_token, after the authorization code flow with a scripted interaction
//   GET  /test/machine?resource=URI   an access token of client_credentials (RFC 9068) for that resource (RFC 8707)
//   POST /test/sign {header, claims}  any token at all, signed with the present key
//   POST /test/rotate                 signs with the next key from now on, and publishes one more
//   POST /test/client {redirect_uri}  knows the client `dashboard` from now on, which may be sent back there
// Without a login_hint a page asks a browser who signs in, and believes it.

import { createServer } from 'node:http';
import { createHmac, createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const installed = `${process.env.CLAVIGER_TEST_OIDC}/node_modules/oidc-provider/lib/index.js`;
const { default: Provider } = await import(pathToFileURL(installed));

const RESOURCE = 'urn:claviger:api';
const BACK = 'http://127.0.0.1/back';
const EMAILS = {
  alice: { email: 'alice@example.com', email_verified: true },
  root: { email: 'Root@example.com', email_verified: true },
  pretender: { email: 'root@example.com', email_verified: false },
};

let made = 0;
const newKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  made += 1;
  return { privateKey, jwk: { ...privateKey.export({ format: 'jwk' }), kid: `k${made}`, use: 'sig', alg: 'RS256' } };
};
let keys = [newKey(), newKey()];
let dashboard = [];
let provider;
let url;

const configuration = () => ({
  jwks: { keys: keys.map((key) => key.jwk) },
  clients: [
    { client_id: 'machine', client_secret: 'machine-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    { client_id: 'web', client_secret: 'web-secret', redirect_uris: [BACK], grant_types: ['authorization_code'] },
    ...dashboard,
  ],
  cookies: { keys: ['only-for-tests'] },
  claims: { email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  pkce: { required: () => false },
  ttl: { AccessToken: 600, ClientCredentials: 600, IdToken: 600, Grant: 600, Interaction: 600, Session: 600 },
  interactions: { url: (_ctx, interaction) => `/test/interaction/${interaction.uid}` },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...EMAILS[accountId] }) }),
  loadExistingGrant: async (ctx) => {
    const { clientId } = ctx.oidc.client;
    const grant = new ctx.oidc.provider.Grant({ clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'api', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

const start = () => { provider = new Provider(url, configuration()); };

const basic = (id) => ({ authorization: `Basic ${Buffer.from(`${id}:${id}-secret`).toString('base64')}` });

const form = (id, fields) => ({ method: 'POST', headers: basic(id), body: new URLSearchParams(fields) });

// What a browser does: follows every redirect, with its cookies, until it is sent back with a code.
const signIn = async (account) => {
  const query = { client_id: 'web', response_type: 'code', scope: 'openid email', redirect_uri: BACK, login_hint: account };
  let place = `${url}/auth?${new URLSearchParams(query)}`;
  const cookies = new Map();
  for (let hop = 0; hop < 10 && !place.startsWith(BACK); hop += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(place, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      if (value) cookies.set(name, value); else cookies.delete(name);
    }
    const next = answer.headers.get('location');
    if (!next) throw new Error(`${place} answered ${answer.status}: ${await answer.text()}`);
    place = new URL(next, url).href;
  }
  const fields = { grant_type: 'authorization_code', code: new URL(place).searchParams.get('code'), redirect_uri: BACK };
  return (await (await fetch(`${url}/token`, form('web', fields))).json()).id_token;
};

const machine = async (resource) => {
  const fields = { grant_type: 'client_credentials', scope: 'api', resource };
  return (await (await fetch(`${url}/token`, form('machine', fields))).json()).access_token;
};

// A token that names HS256 takes the public key for a shared secret, as in the confusion of RS256 with HS256.
const signature = (alg, message) => {
  const { privateKey } = keys[0];
  if (alg === 'none') return '';
  if (alg !== 'HS256') return createSign('sha256').update(message).sign(privateKey, 'base64url');
  const secret = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  return createHmac('sha256', secret).update(message).digest('base64url');
};

const sign = ({ header, claims }) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const full = { alg: 'RS256', typ: 'JWT', kid: keys[0].jwk.kid, ...header };
  const message = `${part(full)}.${part(claims)}`;
  return `${message}.${signature(full.alg, message)}`;
};

const text = async (request) => {
  let all = '';
  for await (const piece of request) all += piece;
  return all;
};

const read = async (request) => JSON.parse((await text(request)) || '{}');

// What a person sees there.
const ASKS = `<!doctype html><html lang="en"><title>Acme</title><h1>Sign in to Acme</h1>
<form method="post"><label>Name <input name="name" autofocus></label><button>Continue</button></form>`;

const steer = async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url);
  if (pathname.startsWith('/test/interaction/')) {
    const { params } = await provider.interactionDetails(request, response);
    const typed = request.method === 'POST' && new URLSearchParams(await text(request)).get('name');
    const accountId = params.login_hint ?? typed;
    if (accountId) return provider.interactionFinished(request, response, { login: { accountId } });
    response.setHeader('content-type', 'text/html; charset=utf-8');
    return response.end(ASKS);
  }
  const body = await read(request);
  if (pathname === '/test/rotate') {
    keys = [...keys.slice(1), newKey()];
    start();
  }
  if (pathname === '/test/client') {
    const redirect_uris = [body.redirect_uri];
    dashboard = [{ client_id: 'dashboard', client_secret: 'dashboard-secret', redirect_uris, grant_types: ['authorization_code'] }];
    start();
  }
  const token = {
    '/test/client': () => 'known',
    '/test/sign-in': () => signIn(searchParams.get('account')),
    '/test/machine': () => machine(searchParams.get('resource') ?? RESOURCE),
    '/test/sign': () => sign(body),
    '/test/rotate': () => keys[0].jwk.kid,
  }[pathname];
  return response.end(JSON.stringify({ text: await token() }));
};

const server = createServer((request, response) => {
  if (!request.url.startsWith('/test/')) return provider.callback()(request, response);
  return steer(request, response).catch((error) => { response.statusCode = 500; response.end(String(error)); });
});
server.listen(0, '127.0.0.1', () => {
  url = `http://127.0.0.1:${server.address().port}`;
  start();
  console.log(url);
});
// The test's end is the provider's end.
process.stdin.on('end', () => process.exit(0)).resume();
