// Signing in with a real provider: by invitation, again, as a stranger, and with a link made under Settings.
//
//   node e2e/provider.js CONTROL_URL INVITATION_OF_ALICE INVITATION_OF_CAROL
//
// The deployment has the provider “Acme”, which asks for a name and believes it, and lets nobody register. Acme vouches for the
// address of alice; carol has another one there. Prints one line for each step; the exit code says whether all went well.

import { button, dialog, launch, open, opened, Steps } from './stage.js';

const [control, alice, carol] = process.argv.slice(2);
if (!control || !alice || !carol) {
  console.error('usage: node e2e/provider.js CONTROL_URL INVITATION_OF_ALICE INVITATION_OF_CAROL');
  process.exit(2);
}

const steps = new Steps();
const browser = await launch();
const password = 'correct horse battery staple';
const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor();

/** Off to Acme from the sign-in page, and what one says there. */
async function throughAcme(page, name) {
  await page.goto(`${control}/sign-in`);
  await page.getByRole('link', { name: 'Continue with Acme' }).click();
  await atAcme(page, name);
}

async function atAcme(page, name) {
  await heading(page, 'Sign in to Acme');
  steps.expect('Acme asks who it is, at a place of its own', !page.url().startsWith(control), page.url());
  await page.getByLabel('Name').fill(name);
  await button(page, 'Continue').click();
}

async function byInvitation(page) {
  await page.goto(alice);
  await page.getByRole('link', { name: 'Continue with Acme' }).waitFor();
  steps.expect('the invitation offers the provider', true);
  await throughAcme(page, 'alice');
  await heading(page, 'No account');
  steps.expect('who is invited comes in, and is told that the invitation is still to be accepted', true);
  await page.goto(alice);
  await button(page, 'Join').click();
  await heading(page, 'Overview');
  steps.expect('the dashboard opens', /\/a\/acc_\w+\/overview/.test(page.url()), page.url());
  await page.context().clearCookies();
  await throughAcme(page, 'alice');
  await heading(page, 'Overview');
  steps.expect('the next time it opens at once', true);
  await page.getByRole('link', { name: 'Settings' }).click();
  await heading(page, 'Settings');
  await page
    .getByText(/^Linked/)
    .first()
    .waitFor();
  steps.expect('and the settings show the link', true);
}

async function stranger(page) {
  await throughAcme(page, 'root');
  await page.waitForURL('**/sign-in?error=registration_closed');
  await page.getByRole('alert').getByText('there is no invitation for it').waitFor();
  steps.expect('a stranger is told why not', true);
}

async function byLink(page) {
  await page.goto(carol);
  await page.getByLabel('Your name').fill('Carol');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button(page, 'Join').click();
  await heading(page, 'Overview');
  await page.getByRole('link', { name: 'Settings' }).click();
  await button(page, 'Link Acme').click();
  await opened(page, 'Link Acme');
  await dialog(page).getByLabel('Current password').fill(password);
  await dialog(page).getByRole('button', { name: 'Link', exact: true }).click();
  await atAcme(page, 'carol');
  await page.waitForURL('**/a/acc_*/settings**');
  await button(page, 'Remove Acme').waitFor();
  steps.expect('who links a provider comes back to the settings, and sees it', true);
  await page.context().clearCookies();
  await throughAcme(page, 'carol');
  await heading(page, 'Overview');
  steps.expect('and signs in with it', true);
}

await steps.end(browser, async () => {
  for (const walk of [byInvitation, stranger, byLink]) {
    const page = await open(browser, steps);
    await walk(page);
    await page.context().close();
  }
});
