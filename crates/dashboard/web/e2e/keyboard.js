// Every flow once by the keyboard alone: signing in, creating, rotating and revoking a key, inviting, the second factor.
//
//   node e2e/keyboard.js CONTROL_URL
//
// The deployment allows registration. Nothing is clicked and nothing is filled in: what cannot be reached with Tab, or has the focus
// without showing it, or out of sight, is a fault. Prints one line for each step; the exit code says whether all went well.

import { codeOf, dialog, focused, launch, open, press, reach, Steps, type } from './stage.js';

const [control] = process.argv.slice(2).map((word) => word.replace(/\/$/, ''));
if (!control) {
  console.error('usage: node e2e/keyboard.js CONTROL_URL');
  process.exit(2);
}

const steps = new Steps();
const browser = await launch();
const email = `keys-${Date.now()}@example.com`;
const password = 'correct horse battery staple';
const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor();

/** From wherever one is to another section: past the menu's links, which come first on a page. */
async function section(page, name) {
  await reach(page, name);
  await page.keyboard.press('Enter');
  await heading(page, name);
}

async function register(page) {
  await page.goto(`${control}/sign-in`);
  await page.getByRole('link', { name: 'Register' }).waitFor();
  await press(page, 'Register');
  await heading(page, 'Create an account');
  await type(page, 'Account name', 'Rossi Software S.r.l.');
  await type(page, 'Your name', 'Ada Rossi');
  await type(page, 'E-mail', email);
  await type(page, 'Password', password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-secret=live]');
  await keep(page);
  await press(page, 'Go to the dashboard');
  await heading(page, 'Overview');
  steps.expect('registering', true);
}

/** Copies the first secret, says that it is kept. */
async function keep(page) {
  const secret = await page.locator('[data-secret]').first().textContent();
  await press(page, /^Copy secret/);
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  steps.expect('a secret is copied', copied === secret);
  await press(page, 'I have put the secrets in a safe place.', 'Space');
}

async function signOut(page) {
  await reach(page, /appearance, language, sign out/);
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.activeElement?.textContent?.includes('Sign out'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/sign-in**');
  steps.expect('signing out', true);
}

async function signIn(page, code) {
  await page.getByLabel('E-mail').waitFor();
  await type(page, 'E-mail', email);
  await type(page, 'Password', password);
  await press(page, 'Sign in');
  if (code) {
    await heading(page, 'Second factor');
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
    await page.keyboard.type(code());
    await page.keyboard.press('Enter');
  }
  await heading(page, 'Overview');
  steps.expect(code ? 'signing in with a second factor' : 'signing in', true);
}

async function create(page) {
  await section(page, 'Keys');
  await press(page, 'Create key');
  await dialog(page).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
  await page.keyboard.type('By the keyboard');
  await reach(page, 'Read only');
  await page.keyboard.press('ArrowDown');
  steps.expect('arrows choose between presets', (await focused(page)) === 'Send');
  await reach(page, 'On a server');
  await page.keyboard.press('ArrowDown');
  await type(page, 'Allowed origins', 'https://app.example.com');
  await press(page, 'I know that everybody who opens the page can read the live key.', 'Space');
  await press(page, 'Create key');
  await page.waitForSelector('[data-secret=test]');
  await page.keyboard.press('Escape');
  steps.expect('Escape does not lose the secrets', await dialog(page).isVisible());
  await keep(page);
  await press(page, 'Done');
  await page.waitForURL('**/keys/key_**');
  await page.getByRole('heading', { name: 'By the keyboard' }).waitFor();
  steps.expect('creating a key', true);
}

async function rotate(page) {
  await press(page, 'Rotate');
  await dialog(page).waitFor();
  await reach(page, '24 hours');
  for (let count = 0; count < 3; count++) await page.keyboard.press('ArrowDown');
  steps.expect('arrows choose the overlap', (await focused(page)) === 'Not at all');
  await press(page, 'Rotate');
  await page.waitForSelector('[data-secret=test]');
  await page.getByText('In force', { exact: true }).waitFor();
  await keep(page);
  await press(page, 'Done');
  await dialog(page).waitFor({ state: 'hidden' });
  steps.expect(
    'rotating a key; the focus is back where it was',
    (await focused(page)) === 'Rotate',
    await focused(page),
  );
}

async function revoke(page) {
  await press(page, 'Revoke');
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  steps.expect('a question that is closed gives the focus back', (await focused(page)) === 'Revoke');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await press(page, 'Revoke');
  await page.getByText(/^Gateway .+: since /).waitFor();
  await press(page, 'Done');
  await page.getByText('Revoked', { exact: true }).first().waitFor();
  await dialog(page).waitFor({ state: 'hidden' });
  steps.expect('revoking a key', true);
}

async function invite(page) {
  await section(page, 'Team');
  await press(page, 'Invite');
  await dialog(page).waitFor();
  await type(page, 'E-mail', 'bruno@example.com');
  await reach(page, 'Developer');
  await page.keyboard.press('ArrowDown');
  await press(page, 'Make link');
  await page.getByText('The link is shown this once.').waitFor();
  await press(page, /^Copy ?invitation link$/);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  steps.expect('the link is copied', /\/invitation#.{20,}$/.test(link), link);
  await press(page, 'Done');
  await page.getByText('bruno@example.com').waitFor();
  steps.expect('inviting', true);
}

async function secondFactor(page) {
  await section(page, 'Settings');
  await press(page, 'Turn on');
  await dialog(page).waitFor();
  await type(page, 'Current password', password);
  await page.keyboard.press('Enter');
  await page.getByRole('img', { name: 'QR code for the authenticator' }).waitFor();
  const secret = (await dialog(page).locator('code').textContent()).trim();
  await type(page, 'Code', codeOf(secret));
  await page.keyboard.press('Enter');
  await page.getByText('They are shown this once.').waitFor();
  const [recovery] = await dialog(page).locator('li').allTextContents();
  await press(page, 'I have put the codes in a safe place.', 'Space');
  await press(page, 'Done');
  await dialog(page).waitFor({ state: 'hidden' });
  steps.expect('turning the second factor on', true);
  await signOut(page);
  // The code of the next half minute: each works once, and those beside it are taken too.
  await signIn(page, () => codeOf(secret, 1));
  await section(page, 'Settings');
  await press(page, 'Turn off');
  await dialog(page).waitFor();
  await type(page, 'Current password', password);
  await type(page, 'Code', recovery);
  await press(page, 'Turn off');
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Turn on', exact: true }).waitFor();
  steps.expect('turning the second factor off', true);
}

await steps.end(browser, async () => {
  const page = await open(browser, steps);
  await register(page);
  await signOut(page);
  await signIn(page);
  await create(page);
  await rotate(page);
  await revoke(page);
  await invite(page);
  await secondFactor(page);
});
