// Walks through the dashboard of a running deployment in a real browser, as people do, and looks at every page with axe.
//
//   node e2e/run.js URL EMAIL PASSWORD [--register] [--shots FOLDER]
//
// With --register a new account is made first, with that address and password; the deployment has to allow it. Without, somebody
// who may do everything in their first account has to be there. What is made on the way is taken away again. Prints one line for
// each step; the exit code says whether all went well.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { button, codeOf, copied, dialog, given, launch, menu, opened } from './stage.js';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const words = process.argv.slice(2);
const take = (flag) => {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words.splice(at, 2)[1];
};
const shots = take('--shots');
const registering = words.includes('--register');
const [base, email, password] = words.filter((word) => word !== '--register');
if (!base || !email || !password) {
  console.error('usage: node e2e/run.js URL EMAIL PASSWORD [--register] [--shots FOLDER]');
  process.exit(2);
}
if (shots) mkdirSync(shots, { recursive: true });

const browser = await launch();
const faults = [];
const fault = (what) => {
  faults.push(what);
  console.error(`NO  ${what}`);
};
const expect = (what, good) => (good ? console.log(`ok  ${what}`) : fault(what));

/** A fresh window with nothing kept, that reports what its pages complain about. */
async function window(look) {
  const context = await browser.newContext({
    viewport: { width: look.width, height: 900 },
    colorScheme: look.scheme,
    locale: look.locale ?? 'en-GB',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    // The check itself runs in the page; the pages run under their own policy, which is looked at below.
    bypassCSP: false,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => fault(`${page.url()}: ${error}`));
  page.on('console', (message) => {
    // A refusal that a step provokes is said on the page; the browser's own line about it is no fault.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      fault(`${page.url()}: ${message.text()}`);
  });
  return page;
}

/** What axe finds on the page as it is. */
async function look(page, name) {
  await page.waitForTimeout(150);
  // Through the debugger, which the page's policy does not bind.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(
      (one) =>
        `${one.id}: ${one.help} (${one.nodes
          .map((node) => node.target.join(' '))
          .slice(0, 4)
          .join('; ')})`,
    );
  });
  for (const one of found) fault(`axe, ${name}: ${one}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) fault(`${name}: ${wide} pixels too wide`);
  if (!found.length && wide <= 0) console.log(`ok  ${name}`);
  if (shots) await page.screenshot({ path: join(shots, `${name.replaceAll(/[^\w]+/g, '-')}.png`) });
}

async function signIn(page) {
  await page.goto(`${base}/sign-in`);
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/overview**');
  await page.waitForSelector('h1');
  return new URL(page.url()).pathname.split('/')[2];
}

const open = async (page, account, place, env = 'test') => {
  await page.goto(`${base}/a/${account}/${place}${place.includes('?') ? '&' : '?'}env=${env}`);
  await page.waitForSelector('h1');
  await page.waitForLoadState('networkidle').catch(() => {});
};

/** Presses Tab until the wanted thing has the focus. */
async function tabTo(page, name, max = 80) {
  for (let count = 0; count < max; count++) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
    });
    if (here === name) return true;
  }
  return false;
}

async function policy() {
  const answer = await fetch(`${base}/sign-in`, { headers: { accept: 'text/html' } });
  const said = answer.headers.get('content-security-policy') ?? '';
  expect('the page comes with a policy', said.includes("default-src 'self'") && !said.includes('unsafe'));
}

async function registered() {
  const page = await window({ width: 1440, scheme: 'light' });
  await page.goto(`${base}/register`);
  await page.waitForSelector('form');
  await look(page, 'register');
  await page.getByLabel('Account name').fill('Rossi Software S.r.l.');
  await page.getByLabel('Your name').fill('Ada Rossi');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button(page, 'Create account').click();
  await page.waitForSelector('[data-secret=live]');
  await look(page, 'register, secrets');
  const secret = await page.textContent('[data-secret=test]');
  expect('both primary secrets are shown', /^[a-z]+_test_\w{44}$/.test(secret ?? ''));
  await page.getByLabel('I have put the secrets in a safe place.').check();
  await button(page, 'Go to the dashboard').click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect('the secret is gone from the page', !(await page.content()).includes(secret ?? '-'));
  await look(page, 'overview, empty');
  await page.context().close();
}

/** Everything about one key, with the keyboard where people use it most. */
async function keys(page, account) {
  await open(page, account, 'keys');
  await page.keyboard.press('Tab');
  const first = await page.evaluate(() => document.activeElement?.textContent);
  expect('the first stop leads past the menu', first === 'Skip to content');
  expect('the button to create is reached with Tab', await tabTo(page, 'Create key'));
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  const name = `Check ${Date.now()}`;
  await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
  await page.keyboard.type(name);
  await look(page, 'keys, create');
  await page.getByText('In a browser page').click();
  await look(page, 'keys, create for a browser');
  await page.keyboard.press('Enter');
  await page.getByText('Some fields need another look.').waitFor();
  expect('a browser key needs its origins', await page.getByText('Name at least one origin.').isVisible());
  expect('and a confirmation that live keys can be read', await page.getByText('Confirm this to go on.').isVisible());
  await look(page, 'keys, create with faults');
  await page.getByText('On a server').click();
  await button(page, 'Create key').last().click();
  await page.waitForSelector('[data-secret=test]');
  const secret = (await page.textContent('[data-secret=test]')) ?? '';
  expect('the secret is shown', /_test_\w{44}$/.test(secret));
  expect('with a line to try it', (await page.textContent('pre'))?.startsWith(`curl -u ${secret}: `));
  await page.keyboard.press('Escape');
  expect('Escape does not lose the secret', await dialog(page).isVisible());
  await button(page, 'Copy secret Test secret').click();
  expect('copy puts it on the clipboard', (await copied(page, 'Test secret')) === secret);
  await look(page, 'keys, secrets');
  await page.getByLabel('I have put the secrets in a safe place.').check();
  await button(page, 'Done').click();
  await page.waitForURL('**/keys/key_**');
  await page.getByRole('heading', { name }).waitFor();
  expect('the secret is gone afterwards', !(await page.content()).includes(secret));
  expect('its last four stay', (await page.content()).includes(`…${secret.slice(-4)}`));
  await look(page, 'key');

  await page.locator('[data-fix=no_network_list]').click();
  await dialog(page).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
  expect('a finding leads to the field that settles it', true);
  await page.keyboard.type('203.0.113.0/24');
  await look(page, 'key, edit');
  await button(page, 'Save changes').click();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.locator('[data-fix=no_network_list]').waitFor({ state: 'hidden' });
  expect('and is gone when it is settled', true);

  await page.getByLabel('Path').fill('/v1/company');
  await button(page, 'Explain').click();
  await page.getByText(/Would (pass|be refused)/).waitFor();
  await look(page, 'key, explain');

  await button(page, 'Rotate').click();
  await dialog(page).waitFor();
  await look(page, 'key, rotate');
  await dialog(page).getByRole('button', { name: 'Rotate', exact: true }).click();
  await page.waitForSelector('[data-secret=test]');
  expect('a rotation shows since when it is in force', await page.getByText('In force', { exact: true }).isVisible());
  await page.getByLabel('I have put the secrets in a safe place.').check();
  await button(page, 'Done').click();
  await page
    .getByText(/The old secret …\w{4} still works/)
    .first()
    .waitFor();
  await button(page, 'End it now').first().click();
  await dialog(page).getByRole('button', { name: 'End it now' }).click();
  await button(page, 'Done').click();

  await button(page, 'More actions').focus();
  await page.keyboard.press('Enter');
  await menu(page, 'Disable');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await look(page, 'key, disable');
  await dialog(page).getByRole('button', { name: 'Disable', exact: true }).click();
  await button(page, 'Done').click();
  await page.getByText('Disabled', { exact: true }).waitFor();
  expect('a key can be disabled with the keyboard', true);

  await button(page, 'Revoke').click();
  await opened(page, /^Revoke/);
  await look(page, 'key, revoke');
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  await given(page, 'Revoke');
  expect('a closed dialog gives the focus back', true);
  await button(page, 'Revoke').click();
  await dialog(page).getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText(/^Gateway .+: since /).waitFor();
  await look(page, 'key, receipt');
  await button(page, 'Done').click();
  await button(page, 'More actions').click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete', exact: true }).click();
  await button(page, 'Done').click();
  await page.waitForURL(/\/keys(\?|$)/);
  expect('a key can be revoked and deleted', true);
}

async function companies(page, account) {
  await open(page, account, 'companies');
  await button(page, 'Add company').first().click();
  await dialog(page).waitFor();
  const name = `Check ${Date.now()} S.r.l.`;
  await dialog(page).getByLabel('Name', { exact: true }).fill(name);
  await dialog(page).getByLabel('External names').fill(`test:id=${Date.now()}`);
  await look(page, 'companies, add');
  await dialog(page).getByRole('button', { name: 'Add company' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByText(name, { exact: true }).waitFor();
  await look(page, 'companies, one');
  await button(page, `Actions for ${name}`).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText(name, { exact: true }).waitFor({ state: 'hidden' });
  expect('a company can be added and deleted', true);
}

async function team(page, account) {
  await open(page, account, 'team');
  await button(page, 'Invite').first().click();
  await dialog(page).waitFor();
  await dialog(page).getByLabel('E-mail').fill(`check-${Date.now()}@example.com`);
  await look(page, 'team, invite');
  await button(page, 'Make link').click();
  await page.getByText('The link is shown this once.').waitFor();
  const link = (await page.textContent('pre')) ?? '';
  expect('an invitation gives a link', /\/invitation#.{20,}$/.test(link));
  await look(page, 'team, link');
  await button(page, 'Done').click();

  const guest = await window({ width: 390, scheme: 'light' });
  await guest.goto(`${base}/invitation${new URL(link).hash}`);
  await guest.getByLabel('Your name').waitFor();
  await look(guest, 'invitation');
  await guest.goto(`${base}/invitation#none`);
  await guest.reload();
  await guest.getByText('This invitation does not work').waitFor();
  await look(guest, 'invitation, invalid');
  await guest.context().close();

  await button(page, 'Withdraw').first().click();
  await dialog(page).getByRole('button', { name: 'Withdraw' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
  expect('an invitation can be withdrawn', true);
}

/** The second factor: on, used to sign in, and off. */
async function secondFactor(page, account) {
  await open(page, account, 'settings');
  await button(page, 'Turn on').click();
  await dialog(page).getByLabel('Current password').fill(password);
  await button(page, 'Next').click();
  await page.getByRole('img', { name: 'QR code for the authenticator' }).waitFor();
  await look(page, 'settings, second factor');
  const secret = (await dialog(page).locator('code').textContent())?.trim() ?? '';
  await dialog(page).getByLabel('Code', { exact: true }).fill(codeOf(secret));
  await button(page, 'Confirm').click();
  await page.getByText('They are shown this once.').waitFor();
  await look(page, 'settings, recovery codes');
  const codes = await dialog(page).locator('li').allTextContents();
  expect('ten recovery codes are shown', codes.length === 10);
  await page.getByLabel('I have put the codes in a safe place.').check();
  await button(page, 'Done').click();

  const again = await window({ width: 390, scheme: 'dark' });
  await again.goto(`${base}/sign-in`);
  await again.fill('input[name=email]', email);
  await again.fill('input[name=password]', password);
  await again.keyboard.press('Enter');
  await again.getByLabel('Code', { exact: true }).waitFor();
  await look(again, 'sign-in, second factor');
  await given(again, 'Code');
  await again.keyboard.type(codes[0]);
  await again.keyboard.press('Enter');
  await again.waitForURL('**/overview**');
  expect('a recovery code stands in for a code', true);
  await again.context().close();

  await open(page, account, 'settings');
  await button(page, 'Turn off').click();
  await dialog(page).getByLabel('Current password').fill(password);
  await dialog(page).getByLabel('Code', { exact: true }).fill(codes[1]);
  await dialog(page).getByRole('button', { name: 'Turn off' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
  await button(page, 'Turn on').waitFor();
  expect('the second factor can be turned off', true);
}

async function environment(page, account) {
  await open(page, account, 'keys');
  await page.getByRole('radio', { name: 'Live', exact: true }).click();
  await page.waitForURL('**/keys?**env=live**');
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Requests', exact: true }).click();
  await page.waitForURL('**/requests**env=live**');
  expect('the environment stays in the address', true);
}

async function others(page) {
  await page.goto(`${base}/no/such/page`);
  await page.getByText('There is no such page').waitFor();
  await look(page, 'no such page');
  await page.goto(`${base}/sign-in`);
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await look(page, 'sign-in, refused');
}

const places = ['overview', 'keys', 'companies', 'requests', 'audit', 'team', 'settings'];

try {
  await policy();
  if (registering) await registered();

  const stranger = await window({ width: 390, scheme: 'dark' });
  await stranger.goto(`${base}/`);
  await stranger.waitForURL('**/sign-in**');
  await look(stranger, 'sign-in');
  await others(stranger);
  await stranger.context().close();

  const page = await window({ width: 1440, scheme: 'light' });
  const account = await signIn(page);
  await keys(page, account);
  await companies(page, account);
  await team(page, account);
  await secondFactor(page, account);
  await environment(page, account);
  await page.context().close();

  for (const [scheme, width, locale] of [
    ['light', 1440, 'en-GB'],
    ['dark', 1440, 'it-IT'],
    ['dark', 390, 'en-GB'],
    ['light', 390, 'it-IT'],
  ]) {
    const each = await window({ scheme, width, locale });
    await signIn(each);
    for (const place of places) {
      await open(each, account, place);
      await look(each, `${place}, ${scheme}, ${width}, ${locale}`);
    }
    await open(each, account, 'requests');
    const row = each.locator('tbody a').first();
    if (await row.count()) {
      await row.click();
      await dialog(each).waitFor();
      await each.waitForLoadState('networkidle').catch(() => {});
      await look(each, `request, ${scheme}, ${width}, ${locale}`);
    }
    await open(each, account, 'audit');
    await each.locator('tbody button').first().click();
    await dialog(each).waitFor();
    await look(each, `audit entry, ${scheme}, ${width}, ${locale}`);
    await each.context().close();
  }
} catch (thrown) {
  fault(String(thrown));
} finally {
  await browser.close();
}

if (faults.length) {
  console.error(`${faults.length} to mend`);
  process.exit(1);
}
console.log('all is well');
