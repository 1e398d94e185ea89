// Every flow once by the keyboard alone: signing in, creating, rotating and revoking a key, inviting, the second factor.
//
//   node e2e/keyboard.js CONTROL_URL
//
// The deployment allows registration. Nothing is clicked and nothing is filled in: what cannot be reached with Tab, or has the focus
// without showing it, or out of sight, is a fault. Prints one line for each step; the exit code says whether all went well.

import {
  closed,
  codeOf,
  copied,
  dialog,
  focused,
  given,
  launch,
  menu,
  open,
  opened,
  press,
  reach,
  Steps,
  type,
} from './stage.js';

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
  steps.expect('a secret is copied', (await copied(page, 'Test secret')) === secret);
  await press(page, 'I have put the secrets in a safe place.', 'Space');
}

async function signOut(page) {
  await reach(page, /appearance, language, sign out/);
  await page.keyboard.press('Enter');
  await menu(page, 'System');
  await page.keyboard.press('End');
  await given(page, 'Sign out');
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
    await given(page, 'Code');
    await page.keyboard.type(code());
    await page.keyboard.press('Enter');
  }
  await heading(page, 'Overview');
  steps.expect(code ? 'signing in with a second factor' : 'signing in', true);
}

async function create(page) {
  await section(page, 'Keys');
  await press(page, 'Create key');
  await opened(page, 'Create a restricted key');
  await given(page, 'Description');
  await page.keyboard.type('By the keyboard');
  await press(page, 'Read only', 'ArrowDown');
  steps.expect('arrows choose between presets', (await focused(page)) === 'Send');
  await press(page, 'On a server', 'ArrowDown');
  await type(page, 'Allowed origins', 'https://app.example.com');
  await press(page, 'I know that everybody who opens the page can read the live key.', 'Space');
  await press(page, 'Create key');
  await opened(page, 'Your new key');
  await page.waitForSelector('[data-secret=test]');
  await page.keyboard.press('Escape');
  steps.expect('Escape does not lose the secrets', await dialog(page).isVisible());
  await keep(page);
  await press(page, 'Done');
  await page.waitForURL('**/keys/key_**');
  await closed(page);
  await page.getByRole('heading', { name: 'By the keyboard' }).waitFor();
  steps.expect('creating a key', true);
}

async function rotate(page) {
  await press(page, 'Rotate');
  await opened(page, 'Rotate the secret');
  await reach(page, '24 hours');
  for (let count = 0; count < 3; count++) await page.keyboard.press('ArrowDown');
  steps.expect('arrows choose the overlap', (await focused(page)) === 'Not at all');
  await press(page, 'Rotate');
  await opened(page, /secret/);
  await page.waitForSelector('[data-secret=test]');
  await page.getByText('In force', { exact: true }).waitFor();
  await keep(page);
  await press(page, 'Done');
  await closed(page);
  await given(page, 'Rotate');
  steps.expect('rotating a key; the focus is back where it was', true);
}

async function revoke(page) {
  await press(page, 'Revoke');
  await opened(page, /^Revoke/);
  await page.keyboard.press('Escape');
  await closed(page);
  await given(page, 'Revoke');
  steps.expect('a question that is closed gives the focus back', true);
  await page.keyboard.press('Enter');
  // The button of the page is called as that of the dialog: only once the focus is in the dialog does the name say which.
  await opened(page, /^Revoke/);
  await press(page, 'Revoke');
  await page.getByText(/^Gateway .+: since /).waitFor();
  await press(page, 'Done');
  await closed(page);
  await page.getByText('Revoked', { exact: true }).first().waitFor();
  steps.expect('revoking a key', true);
}

async function invite(page) {
  await section(page, 'Team');
  await press(page, 'Invite');
  await opened(page, 'Invite somebody');
  await type(page, 'E-mail', 'bruno@example.com');
  await press(page, 'Developer', 'ArrowDown');
  await press(page, 'Make link');
  await page.getByText('The link is shown this once.').waitFor();
  await press(page, /^Copy ?invitation link$/);
  const link = await copied(page, 'invitation link');
  steps.expect('the link is copied', /\/invitation#.{20,}$/.test(link), link);
  await press(page, 'Done');
  await closed(page);
  await page.getByText('bruno@example.com', { exact: true }).waitFor();
  steps.expect('inviting', true);
}

async function secondFactor(page) {
  await section(page, 'Settings');
  await press(page, 'Turn on');
  await opened(page, 'Turn on');
  await type(page, 'Current password', password);
  await page.keyboard.press('Enter');
  await page.getByRole('img', { name: 'QR code for the authenticator' }).waitFor();
  await opened(page, 'Scan the picture');
  const secret = (await dialog(page).locator('code').textContent()).trim();
  await type(page, 'Code', codeOf(secret));
  await page.keyboard.press('Enter');
  await page.getByText('They are shown this once.').waitFor();
  await opened(page, 'Recovery codes');
  const [recovery] = await dialog(page).locator('li').allTextContents();
  await press(page, 'I have put the codes in a safe place.', 'Space');
  await press(page, 'Done');
  await closed(page);
  steps.expect('turning the second factor on', true);
  await signOut(page);
  // The code of the next half minute: each works once, and those beside it are taken too.
  await signIn(page, () => codeOf(secret, 1));
  await section(page, 'Settings');
  await press(page, 'Turn off');
  await opened(page, 'Turn the second factor off?');
  await type(page, 'Current password', password);
  await type(page, 'Code', recovery);
  await press(page, 'Turn off');
  await closed(page);
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
