// The way of a customer from nothing: registers, takes the primary pair, gives one company to a web page, and takes it away again.
//
//   node e2e/journey.js CONTROL_URL GATEWAY_URL [--shots FOLDER]
//
// The deployment allows registration, and has the reference API behind its gateway. Needs bash and curl. Prints one line for each
// step; the exit code says whether all went well.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beside, button, copied, dialog, launch, open, Steps } from './stage.js';

const words = process.argv.slice(2);
const at = words.indexOf('--shots');
const shots = at < 0 ? undefined : words.splice(at, 2)[1];
const [control, gateway] = words.map((word) => word.replace(/\/$/, ''));
if (!control || !gateway) {
  console.error('usage: node e2e/journey.js CONTROL_URL GATEWAY_URL [--shots FOLDER]');
  process.exit(2);
}
if (shots) mkdirSync(shots, { recursive: true });

/** What a refusal may take until who watches sees it. */
const SEEN_WITHIN_MS = 1_000;

const run = promisify(execFile);
const steps = new Steps();
const browser = await launch();
const shot = async (page, name) => shots && (await page.screenshot({ path: join(shots, `journey-${name}.png`) }));

const email = `ada-${Date.now()}@example.com`;
const password = 'correct horse battery staple';
const companies = [
  { name: 'Alfa S.r.l.', code: '01234567890', vat: 'IT01234567890' },
  { name: 'Beta S.p.A.', code: '09876543211', vat: 'IT09876543211' },
];

/** Registers; returns both primary secrets and the line to try. */
async function registered(page) {
  await page.goto(`${control}/`);
  await page.waitForURL('**/sign-in**');
  await page.getByRole('link', { name: 'Register' }).click();
  await page.getByLabel('Account name').fill('Rossi Software S.r.l.');
  await page.getByLabel('Your name').fill('Ada Rossi');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button(page, 'Create account').click();
  await page.waitForSelector('[data-secret=live]');
  await shot(page, 'primary');
  const [test, live] = await Promise.all(['test', 'live'].map((name) => page.textContent(`[data-secret=${name}]`)));
  steps.expect('the primary pair is shown', /_test_\w{44}$/.test(test ?? '') && /_live_\w{44}$/.test(live ?? ''));
  await button(page, 'Copy secret Test secret').click();
  steps.expect('the secret is copied', (await copied(page, 'Test secret')) === test);
  await button(page, 'Copy curl line').click();
  const line = await copied(page, 'curl line');
  steps.expect(
    'the ready line is copied, with secret and address',
    line.includes(test) && line.includes(gateway),
    line,
  );
  await page.getByLabel('I have put the secrets in a safe place.').check();
  await button(page, 'Go to the dashboard').click();
  await page.waitForURL('**/overview**');
  const account = new URL(page.url()).pathname.split('/')[2];
  await page.goto(`${control}/a/${account}/keys?env=test`);
  await page.getByRole('link', { name: 'Primary key' }).click();
  await page.getByRole('heading', { name: 'Primary key' }).waitFor();
  const answers = await page.evaluate(async (id) => {
    const read = async (path) => (await fetch(`/v1/accounts/${id}${path}`)).text();
    return (await Promise.all(['', '/keys', '/audit', '/requests'].map(read))).join('');
  }, account);
  const all = (await page.content()) + answers;
  steps.expect('no page and no answer shows it again', !all.includes(test) && !all.includes(live));
  return { account, test, live, line };
}

/** The line runs as it stands. */
async function tried(line) {
  const done = await run('bash', ['-c', `${line} --silent --show-error --write-out '\\n%{http_code}'`]).catch((e) => e);
  const [body, status] = (done.stdout ?? '').trim().split('\n').slice(-2);
  steps.expect(
    'the ready line works in bash',
    status === '200' && Array.isArray(JSON.parse(body)),
    JSON.stringify(done),
  );
}

/** What the server of the customer does with the primary key: companies and invoices in the API. */
async function filled(secret) {
  for (const company of companies) {
    const ask = async (path, body) => {
      const answer = await fetch(`${gateway}/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${secret}:`)}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const read = await answer.json();
      steps.expect(`the API takes ${path} of ${company.name}`, answer.status === 201, JSON.stringify(read));
      return read;
    };
    company.id = (await ask('/company', { name: company.name, vat: company.vat, fiscal_code: company.code })).id;
    company.invoice = (await ask('/send/json', invoice(company))).id;
  }
}

/** The gateway learns companies from the answers that make them, so that they are there already (D35). */
async function companyKnown(page, account, company) {
  await page.goto(`${control}/a/${account}/companies?env=test`);
  await page.getByText(company.name, { exact: true }).waitFor();
  await page
    .locator('code:visible', { hasText: `vat=${company.vat}` })
    .first()
    .waitFor();
  steps.expect('a company of the API is known', true);
}

/** A key for a page, through the dialog; returns its test secret and where its own page is. */
async function keyForPage(page, account, { name, preset, origin, company }) {
  await page.goto(`${control}/a/${account}/keys?env=test`);
  await button(page, 'Create key').first().click();
  const form = dialog(page);
  await form.getByLabel('Description').fill(name);
  await form.getByRole('radio', { name: new RegExp(`^${preset}`) }).check();
  await form.getByRole('radio', { name: 'Only some' }).check();
  await form.getByLabel(company.name).check();
  await form.getByRole('radio', { name: 'In a browser page' }).check();
  await form.getByLabel('Allowed origins').fill(origin);
  await form.getByRole('radio', { name: 'Test only' }).check();
  await shot(page, `dialog-${preset.toLowerCase().replace(' ', '-')}`);
  await form.getByRole('button', { name: 'Create key' }).click();
  await page.waitForSelector('[data-secret=test]');
  const secret = await page.textContent('[data-secret=test]');
  steps.expect(`“${name}” has a test secret and no other`, (await page.locator('[data-secret]').count()) === 1);
  await page.getByLabel('I have put the secrets in a safe place.').check();
  await button(page, 'Done').click();
  await page.waitForURL('**/keys/key_**');
  await page.getByRole('heading', { name }).waitFor();
  return { secret, url: page.url() };
}

/** A page of the customer, on a port of its own. */
async function customersPage() {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.end('<!doctype html><html lang="en"><title>Invoices</title><h1>Invoices</h1>');
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** What the page's script sees of a call, and when it had it. */
const ask = (page, secret, path, body) =>
  page.evaluate(
    async ([url, key, text]) => {
      const headers = { 'x-api-key': key, ...(text ? { 'content-type': 'application/json' } : {}) };
      try {
        const answer = await fetch(url, { method: text ? 'POST' : 'GET', headers, ...(text ? { body: text } : {}) });
        const read = await answer.json();
        return { status: answer.status, read, at: performance.timeOrigin + performance.now() };
      } catch (thrown) {
        return { failed: String(thrown), at: performance.timeOrigin + performance.now() };
      }
    },
    [`${gateway}${path}`, secret, body && JSON.stringify(body)],
  );

/** When a row of the request log with this text was there, as the page's own clock has it. */
const seenAt = (page, text) =>
  page
    .waitForFunction(
      (wanted) => {
        const rows = [...document.querySelectorAll('tbody tr')];
        return rows.some((row) => row.textContent.includes(wanted)) && performance.timeOrigin + performance.now();
      },
      text,
      { polling: 'raf', timeout: 30_000 },
    )
    .then((handle) => handle.jsonValue());

steps.shots = shots;
await steps.end(browser, async () => {
  const page = await open(browser, steps);
  const { account, test, live, line } = await registered(page);
  await tried(line);
  await filled(test);
  const [own, other] = companies;
  await companyKnown(page, account, own);

  const { server, origin } = await customersPage();
  const { secret, url } = await keyForPage(page, account, {
    name: 'Invoices on the web page',
    preset: 'Read only',
    origin,
    company: own,
  });
  await shot(page, 'key');

  // The customer's page complains in the console of whatever is refused: that is what it is there for.
  const context = await browser.newContext();
  const customers = await context.newPage();
  await customers.goto(origin);
  const list = await ask(customers, secret, '/v1/send');
  const ids = list.read?.map?.((one) => one.id);
  steps.expect(
    'the page reads the invoices of its company, and no others',
    `${ids}` === `${[own.invoice]}`,
    JSON.stringify(list),
  );
  const foreign = await ask(customers, secret, `/v1/company/${other.id}`);
  steps.expect('the other company is not there for it', [403, 404].includes(foreign.status), JSON.stringify(foreign));
  const blocked = await ask(customers, secret, '/v1/send/json', invoice(own));
  steps.expect(
    'it cannot write: the browser is not even allowed to ask',
    /Failed to fetch/.test(blocked.failed),
    JSON.stringify(blocked),
  );
  const primary = await ask(customers, test, '/v1/send');
  steps.expect('the primary key is of no use in it', primary.failed || primary.status === 403, JSON.stringify(primary));

  // A preflight carries no key. With another key that lets this page write, it passes, and the answer to the first key can be read.
  const writer = await keyForPage(page, account, {
    name: 'Sending from the web page',
    preset: 'Send',
    origin,
    company: own,
  });
  const refused = await ask(customers, secret, '/v1/send/json', invoice(own));
  steps.expect(
    'it cannot write, and reads why',
    refused.status === 403 && refused.read?.error?.code === 'insufficient_scope' && refused.read.error.message,
    JSON.stringify(refused),
  );
  if (refused.read?.error)
    console.log(`    ${refused.status} ${refused.read.error.code}: ${refused.read.error.message}`);
  const sent = await ask(customers, writer.secret, '/v1/send/json', invoice(own, '00002'));
  steps.expect('the other key of the page writes', sent.status === 201, JSON.stringify(sent));
  const after = await ask(customers, secret, '/v1/send');
  steps.expect('nothing was written by the first one', after.read?.length === 2, JSON.stringify(after));

  const log = await beside(page, steps);
  await log.goto(`${control}/a/${account}/requests?env=test`);
  await log.locator('tbody tr', { hasText: 'Scope is missing' }).first().waitFor();
  steps.expect('the request log says why it was refused', true);
  await log.getByText('Up to date').first().waitFor();
  const loaded = await log.evaluate(() => performance.timeOrigin);

  await page.goto(url);
  await button(page, 'Revoke').click();
  await dialog(page).getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText(/^Gateway .+: since /).waitFor();
  // At once, while the receipt is still shown.
  const ended = await ask(customers, secret, '/v1/send');
  const seen = await seenAt(log, 'Key is revoked');
  steps.expect(
    'the next call of the page fails once the receipt is there, and says why',
    ended.status === 401 && ended.read?.error?.code === 'invalid_api_key',
    JSON.stringify(ended),
  );
  steps.expect('the receipt is shown', await page.getByText('In force', { exact: true }).isVisible());
  await shot(page, 'receipt');
  const took = [Math.round(seen - ended.at)];
  // Once more in silence: here nothing else wakes the page.
  for (let turn = 0; turn < 4; turn++) {
    await log.waitForTimeout(1_500 + turn * 130);
    const rows = await log.locator('tbody tr', { hasText: 'Key is revoked' }).count();
    const again = await ask(customers, secret, '/v1/send');
    const handle = await log.waitForFunction(
      (many) => {
        const found = [...document.querySelectorAll('tbody tr')].filter((row) =>
          row.textContent.includes('Key is revoked'),
        );
        return found.length > many && performance.timeOrigin + performance.now();
      },
      rows,
      { polling: 'raf' },
    );
    took.push(Math.round((await handle.jsonValue()) - again.at));
  }
  console.log(`    from the refusal to the Requests page: ${took.join(', ')} ms`);
  steps.expect(
    `each refusal is on the Requests page within ${SEEN_WITHIN_MS} ms, without a reload`,
    Math.max(...took) <= SEEN_WITHIN_MS && (await log.evaluate(() => performance.timeOrigin)) === loaded,
    `${Math.max(...took)} ms`,
  );
  await shot(log, 'requests');
  await button(page, 'Done').click();
  await page.getByText('Revoked', { exact: true }).first().waitFor();
  steps.expect('the key is shown as revoked', true);
  const still = await ask(customers, writer.secret, '/v1/send');
  steps.expect('another key of the page still works', still.status === 200, JSON.stringify(still));

  await page.goto(writer.url);
  await button(page, 'Revoke').click();
  await dialog(page).getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText(/^Gateway .+: since /).waitFor();
  const last = await ask(customers, writer.secret, '/v1/send');
  steps.expect(
    'with its last key gone the page is told nothing',
    /Failed to fetch/.test(last.failed),
    JSON.stringify(last),
  );
  const pages = await Promise.all([page, log].map((one) => one.content()));
  const shown = [test, live, secret, writer.secret].some((one) => pages.join('').includes(one));
  steps.expect('no secret is left on any page of the dashboard', !shown);
  server.close();
});

/** An invoice that the API takes. */
function invoice({ name, code }, number = '00001') {
  const place = { Indirizzo: 'Via Roma 1', CAP: '00100', Comune: 'Roma', Provincia: 'RM', Nazione: 'IT' };
  return {
    FatturaElettronicaHeader: {
      DatiTrasmissione: {
        IdTrasmittente: { IdPaese: 'IT', IdCodice: code },
        ProgressivoInvio: number,
        FormatoTrasmissione: 'FPR12',
        CodiceDestinatario: 'ABC1234',
      },
      CedentePrestatore: {
        DatiAnagrafici: {
          IdFiscaleIVA: { IdPaese: 'IT', IdCodice: code },
          CodiceFiscale: code,
          Anagrafica: { Denominazione: name },
          RegimeFiscale: 'RF01',
        },
        Sede: place,
      },
      CessionarioCommittente: {
        DatiAnagrafici: {
          IdFiscaleIVA: { IdPaese: 'IT', IdCodice: '12345678903' },
          Anagrafica: { Denominazione: 'Gamma S.p.A.' },
        },
        Sede: place,
      },
    },
    FatturaElettronicaBody: [
      {
        DatiGenerali: {
          DatiGeneraliDocumento: {
            TipoDocumento: 'TD01',
            Divisa: 'EUR',
            Data: '2026-11-23',
            Numero: number,
            ImportoTotaleDocumento: '122.00',
          },
        },
        DatiBeniServizi: {
          DettaglioLinee: [
            {
              NumeroLinea: 1,
              Descrizione: 'Consulenza',
              Quantita: '1.00',
              PrezzoUnitario: '100.00',
              PrezzoTotale: '100.00',
              AliquotaIVA: '22.00',
            },
          ],
          DatiRiepilogo: [{ AliquotaIVA: '22.00', ImponibileImporto: '100.00', Imposta: '22.00' }],
        },
      },
    ],
  };
}
