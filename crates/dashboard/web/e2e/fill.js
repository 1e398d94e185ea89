// Fills a deployment as years of use would: companies, 500 keys of every sort and state, colleagues and invitations.
//
//   node e2e/fill.js CONTROL_URL EMAIL PASSWORD [--register] [--keys COUNT]
//   node e2e/fill.js CONTROL_URL EMAIL PASSWORD --shots FOLDER
//
// Traffic of past days cannot come through the API: dev/fill_usage.py writes it into the data folder of a stopped deployment.
// With --shots nothing is made: every page is photographed, light and dark, wide and narrow.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { button, dialog, launch, open, Steps } from './stage.js';

const words = process.argv.slice(2);
const take = (flag) => {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words.splice(at, 2)[1];
};
const [shots, count] = [take('--shots'), Number(take('--keys') ?? 500)];
const registering = words.includes('--register');
const [base, email, password] = words.filter((word) => word !== '--register');
if (!base || !email || !password) {
  console.error('usage: node e2e/fill.js CONTROL_URL EMAIL PASSWORD [--register] [--keys COUNT] [--shots FOLDER]');
  process.exit(2);
}

let cookie = '';

async function ask(method, path, body) {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { origin: base, cookie, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const set = answer.headers.getSetCookie().map((one) => one.split(';')[0]);
  if (set.length) cookie = set.join('; ');
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

const towns = ['Milano', 'Torino', 'Genova', 'Verona', 'Bologna', 'Firenze', 'Roma', 'Napoli', 'Bari', 'Palermo'];
const trades = ['Panificio', 'Officina', 'Studio Legale', 'Farmacia', 'Edilizia', 'Trasporti', 'Vivaio', 'Tipografia'];
const forms = ['S.r.l.', 'S.p.A.', 'S.n.c.', 'di Bianchi & C. S.a.s.'];
const jobs = [
  'ERP export, nightly',
  'Web shop',
  'Accounting import',
  'Dashboard of the warehouse',
  'Data warehouse sync',
  'Accountant’s portal',
  'Point of sale',
  'Mobile app back end',
  'Monitoring',
  'Migration script, may go after the move',
];
const day = 86_400_000;

/** The settings of the key with this number: every sort comes up, and the same number gives the same key. */
function wishes(number, companies) {
  const pick = (list, step = 1) => list[Math.floor(number / step) % list.length];
  const preset = pick(['read_only', 'send', 'read_only', 'full_access', 'send', 'custom']);
  const browser = number % 7 === 3;
  const some = number % 3 === 1;
  const long = number % 41 === 0;
  const first = number % companies.length;
  const name = `${pick(jobs)} ${pick(towns, 10)} ${String(number).padStart(3, '0')}`;
  return {
    description:
      number % 29 === 5
        ? ''
        : long
          ? `${name}: everything that the branch sends to the tax authority on the last working day of a month, and what comes back`
          : name,
    preset,
    ...(preset === 'custom'
      ? { scopes: ['company:read', 'send:read', 'update:read', ...(number % 2 ? ['send:send'] : [])] }
      : {}),
    companies: some
      ? [
          ...new Set(
            [0, 1, 2].slice(0, 1 + (number % 3)).map((step) => companies[(first + step * 7) % companies.length]),
          ),
        ]
      : 'all',
    ...(browser
      ? { origins: [`https://app${number}.example.com`, ...(number % 2 ? ['https://*.example.org'] : [])] }
      : {}),
    ...(number % 4 ? {} : { networks: [`203.0.113.${number % 250}/32`, '2001:db8::/48'] }),
    ...(number % 5 === 4 ? {} : { expires_at: new Date(Date.now() + (5 + (number % 300)) * day).toISOString() }),
    ...(number % 6 ? {} : { rotate_every_days: 90 }),
    ...(number % 11 === 6 ? { environments: ['test'] } : {}),
  };
}

async function fill() {
  const session = registering
    ? await ask('POST', '/v1/registrations', {
        account_name: 'Rossi Software S.r.l.',
        name: 'Ada Rossi',
        email,
        password,
      })
    : await ask('POST', '/v1/session', { email, password });
  const account = registering ? session.account.id : session.memberships[0].account.id;
  const at = `/v1/accounts/${account}`;
  const companies = [];
  for (let number = 0; number < 64; number++) {
    const vat = `IT${String(10_000_000_000 + number * 7_919).padStart(11, '0')}`;
    const name = `${trades[number % trades.length]} ${towns[(number * 3) % towns.length]} ${forms[number % forms.length]}`;
    const external_names = ['test', 'live'].flatMap((one) => [`${one}:id=${number + 1_000}`, `${one}:vat=${vat}`]);
    const made = await ask('POST', `${at}/companies`, { name, external_names: number % 9 === 8 ? [] : external_names });
    companies.push(made.company.id);
  }
  const started = Date.now();
  for (let number = 0; number < count; number++) {
    const { key } = await ask('POST', `${at}/keys`, wishes(number, companies));
    if (number % 17 === 4) await ask('POST', `${at}/keys/${key.id}/disable`, {});
    if (number % 13 === 2) await ask('POST', `${at}/keys/${key.id}/revoke`, {});
    if (number % 19 === 9)
      await ask('POST', `${at}/keys/${key.id}/rotate`, { overlap_seconds: 86_400 }).catch(() => {});
    if (number % 100 === 99) console.log(`    ${number + 1} keys in ${Date.now() - started} ms`);
  }
  for (const [who, role] of [
    ['bruno', 'admin'],
    ['carla', 'developer'],
    ['dario', 'viewer'],
    ['a.very.long.address.of.somebody.in.accounting', 'viewer'],
  ])
    await ask('POST', `${at}/invitations`, { email: `${who}@example.com`, role });
  console.log(`ok  ${companies.length} companies and ${count} keys in ${account}`);
}

const places = ['overview', 'overview?hours=720', 'keys', 'companies', 'requests', 'audit', 'team', 'settings'];

async function photograph() {
  mkdirSync(shots, { recursive: true });
  const steps = new Steps();
  steps.shots = shots;
  const browser = await launch();
  await steps.end(browser, async () => {
    for (const [scheme, width] of [
      ['light', 1440],
      ['dark', 1440],
      ['light', 390],
      ['dark', 390],
    ]) {
      const page = await open(browser, steps, { scheme, width, height: width < 500 ? 844 : 900 });
      await page.goto(`${base}/sign-in`);
      await page.fill('input[name=email]', email);
      await page.fill('input[name=password]', password);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/overview**');
      const account = new URL(page.url()).pathname.split('/')[2];
      const shot = async (name, whole = false) => {
        await page.waitForTimeout(200);
        await page.screenshot({ path: join(shots, `${name}-${scheme}-${width}.png`), fullPage: whole });
      };
      const visit = async (place) => {
        const started = Date.now();
        await page.goto(`${base}/a/${account}/${place}${place.includes('?') ? '&' : '?'}env=test`);
        await page.waitForSelector('h1');
        await page.waitForSelector('main [aria-busy=true]', { state: 'detached' });
        await page.locator('main :is(tbody tr, dl, form)').first().waitFor();
        console.log(`    ${place}, ${scheme}, ${width}: ${Date.now() - started} ms`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        steps.expect(`${place}, ${scheme}, ${width}`, wide <= 0, `${wide} pixels too wide`);
      };
      for (const place of places) {
        await visit(place);
        await shot(place.replace(/\W+/g, '-'), true);
      }
      await visit('keys');
      await page.locator('tbody a').nth(3).click();
      await page.waitForURL('**/keys/key_**');
      await page.waitForTimeout(500);
      await shot('key', true);
      await button(page, 'Rotate').click();
      await dialog(page).waitFor();
      await shot('key-rotate');
      await visit('keys?create=true');
      await dialog(page).waitFor();
      await dialog(page).getByRole('radio', { name: 'Only some' }).check();
      await dialog(page).getByRole('radio', { name: 'In a browser page' }).check();
      await shot('key-create');
      await visit('requests?status=4xx');
      await page.locator('tbody a').first().click();
      await dialog(page).waitFor();
      await page.waitForTimeout(500);
      await shot('request');
      await visit('audit');
      await page.locator('tbody button').first().click();
      await dialog(page).waitFor();
      await shot('audit-entry');
      await page.context().close();
    }
  });
}

if (shots) await photograph();
else await fill();
