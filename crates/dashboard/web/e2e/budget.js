// Holds the Keys page to its budget, with as many keys as the account has: when something is painted, on a computer that is four times
// slower, and how much script it takes.
//
//   node e2e/budget.js CONTROL_URL EMAIL PASSWORD [--keys COUNT]
//
// Fill the account first (e2e/fill.js). Each run begins with an empty cache; the middle of five counts. Prints the figures; the exit code
// says whether they are within the budget.

import { launch, open, Steps } from './stage.js';

const FIRST_PAINT_MS = 1_000;
const SCRIPT_BYTES = 250 * 1024;
const SLOWER = 4;
const RUNS = 5;

const words = process.argv.slice(2);
const at = words.indexOf('--keys');
const keys = Number(at < 0 ? 500 : words.splice(at, 2)[1]);
const [base, email, password] = words;
if (!base || !email || !password) {
  console.error('usage: node e2e/budget.js CONTROL_URL EMAIL PASSWORD [--keys COUNT]');
  process.exit(2);
}

const steps = new Steps();
const browser = await launch();

/** One visit of the Keys page with an empty cache. */
async function visit(page, account) {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Network.enable');
  await debug.send('Network.clearBrowserCache');
  await debug.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const sent = new Map();
  const bytes = {};
  debug.on('Network.responseReceived', ({ requestId, type, response }) => {
    sent.set(requestId, { type, url: response.url, encoding: response.headers['content-encoding'] });
  });
  debug.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const { type } = sent.get(requestId) ?? {};
    if (type) bytes[type] = (bytes[type] ?? 0) + encodedDataLength;
  });
  await page.goto('about:blank');
  await page.goto(`${base}/a/${account}/keys?env=test`);
  await page.locator('tbody tr').nth(20).waitFor();
  const rows = await page.evaluate(() => performance.now());
  await page.waitForTimeout(800);
  const paints = await page.evaluate(() =>
    Object.fromEntries(performance.getEntriesByType('paint').map((one) => [one.name, one.startTime])),
  );
  const plain = [...sent.values()].filter(
    (one) => one.type === 'Script' && !one.encoding && !one.url.endsWith('theme.js'),
  );
  await debug.detach();
  return { paint: paints['first-paint'], content: paints['first-contentful-paint'], rows, bytes, plain };
}

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const list = (numbers) => numbers.map((number) => Math.round(number)).join(', ');

await steps.end(browser, async () => {
  const page = await open(browser, steps);
  await page.goto(`${base}/sign-in`);
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/overview**');
  const account = new URL(page.url()).pathname.split('/')[2];
  await page.goto(`${base}/a/${account}/keys?env=test&status=any`);
  await page.locator('tbody tr').nth(20).waitFor();
  const there = Number((await page.getByText(/^\d+–\d+ of [\d,]+$/).textContent()).split(' of ')[1].replace(',', ''));
  steps.expect(`the account has ${keys} keys or more: ${there}`, there >= keys);

  const runs = [];
  for (let count = 0; count < RUNS; count++) runs.push(await visit(page, account));
  console.log(`    first paint: ${list(runs.map((one) => one.paint))} ms`);
  console.log(`    first contentful paint: ${list(runs.map((one) => one.content))} ms`);
  console.log(`    rows of keys: ${list(runs.map((one) => one.rows))} ms`);
  const kib = Object.entries(runs[0].bytes).map(([type, bytes]) => `${type} ${(bytes / 1024).toFixed(1)}`);
  console.log(`    KiB on the wire: ${kib.join(', ')}`);
  const [paint, content] = [middle(runs.map((one) => one.paint)), middle(runs.map((one) => one.content))];
  const script = Math.max(...runs.map((one) => one.bytes.Script));
  const within = `${FIRST_PAINT_MS} ms, with a processor ${SLOWER} times slower`;
  steps.expect(`first paint within ${within}: ${Math.round(paint)} ms`, paint < FIRST_PAINT_MS);
  steps.expect(`first contentful paint within ${within}: ${Math.round(content)} ms`, content < FIRST_PAINT_MS);
  steps.expect(`script below ${SCRIPT_BYTES / 1024} KiB: ${(script / 1024).toFixed(1)} KiB`, script < SCRIPT_BYTES);
  steps.expect(
    'every script comes compressed',
    runs[0].plain.length === 0,
    runs[0].plain.map((one) => one.url).join(' '),
  );
});
