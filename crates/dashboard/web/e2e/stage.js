// What the walks share: the browser, the lines that they print, and the keyboard.

import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** How many times slower than the machine the pages run: what comes in time on a fast machine need not on a busy one. */
const SLOWED = Number(process.env.SLOWED ?? 1);

/** Chromium as the other browser tests start it. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CLAVIGER_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** How long a walk may take: less than the test gives it, so that what it waited for is said. */
const WALK_MS = 220_000;

/** Prints one line for each step with the time since the one before, and remembers what was not good. */
export class Steps {
  faults = 0;
  /** The folder for pictures of what was there when a walk broke off. */
  shots = undefined;
  #since = Date.now();

  expect(what, good, said = '') {
    const took = ((Date.now() - this.#since) / 1000).toFixed(1);
    this.#since = Date.now();
    if (good) console.log(`ok  ${what} (${took} s)`);
    else {
      this.faults++;
      console.error(`NO  ${what}${said ? `: ${said}` : ''} (after ${took} s)`);
    }
    return good;
  }

  /** Runs the walk, ends the browser, and the process with what came of it. */
  async end(browser, walk) {
    let bound;
    const late = new Promise((_, reject) => {
      bound = setTimeout(() => reject(new Error(`it is not at its end after ${WALK_MS / 1000} s`)), WALK_MS);
    });
    try {
      await Promise.race([walk(), late]);
    } catch (thrown) {
      const pages = browser.contexts().flatMap((context) => context.pages());
      for (const [at, page] of pages.entries()) {
        this.expect(`page ${at + 1} as it was left`, false, await state(page));
        if (this.shots) await page.screenshot({ path: join(this.shots, `broken-${at}.png`) }).catch(() => {});
      }
      this.expect('the walk came to its end', false, told(thrown));
    } finally {
      clearTimeout(bound);
      await browser.close();
    }
    console.log(this.faults ? `${this.faults} to mend` : 'all is well');
    process.exit(this.faults ? 1 : 0);
  }
}

/** An error and where in the walk it was, in a line: that is what is read first. */
function told(thrown) {
  if (!(thrown instanceof Error)) return String(thrown);
  const lines = (thrown.stack ?? thrown.message).split('\n').map((line) => line.trim());
  return lines.filter((line) => line && (!line.startsWith('at ') || line.includes('/e2e/'))).join(' / ');
}

/** What a page shows and what has the focus, in a line. */
const state = (page) =>
  page
    .evaluate(() => {
      const words = (element) => element?.textContent?.trim().slice(0, 80) ?? '';
      const here = document.activeElement;
      const all = [...document.querySelectorAll('h1, [role=dialog] h2, [role=menu], [role=alert]')].map(words);
      return `${location.href}; focus on ${here?.tagName} “${here?.getAttribute('aria-label') ?? words(here)}”; shown: ${all.join(' | ')}`;
    })
    .catch(String);

/** A fresh window with nothing kept. What its pages complain about is a fault. */
export async function open(browser, steps, look = {}) {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.scheme ?? 'light',
    locale: look.locale ?? 'en-GB',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  if (SLOWED > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
  return watched(page, steps);
}

/** One more tab beside a page. */
export const beside = async (page, steps) => watched(await page.context().newPage(), steps);

function watched(page, steps) {
  // A disk that writes back what a build left behind may hold up a commit for half a minute.
  page.setDefaultTimeout(90_000);
  page.on('pageerror', (error) => steps.expect(`no fault on ${page.url()}`, false, String(error)));
  page.on('console', (message) => {
    // A refusal that a step provokes is said on the page; the browser's own line about it is no fault.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      steps.expect(`no fault on ${page.url()}`, false, message.text());
  });
  return page;
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const dialog = (page) => page.getByRole('dialog');

/** What the element with the focus is called, for those who listen. */
export const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return '';
    const label = element.labels?.[0];
    // Beside the words of a label stand hints, such as “optional”.
    const own = label?.querySelector('span span span') ?? label?.querySelector(':scope > span');
    const words = [element.getAttribute('aria-label'), own?.textContent, label?.textContent, element.textContent];
    return words.find((text) => text?.trim())?.trim() ?? '';
  });

/** Until what a page does with the focus is done: two frames in which it stayed where it is. */
const settled = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise((ready) => requestAnimationFrame(ready));
    for (let turn = 0; turn < 10; turn++) {
      const before = document.activeElement;
      await frame();
      await frame();
      if (document.activeElement === before) return;
    }
  });

/** Until what is called so has the focus, which the page gives it. */
export async function given(page, name) {
  for (let turn = 0; turn < 300; turn++) {
    if ((await focused(page)) === name) return settled(page);
    await page.evaluate(() => new Promise((ready) => setTimeout(ready, 100)));
  }
  throw new Error(`“${name}” does not get the focus; “${await focused(page)}” has it`);
}

/** Until the dialog with this title is there and has the focus: keys that come before go elsewhere. */
export async function opened(page, title) {
  await dialog(page).getByRole('heading', { name: title }).waitFor();
  await page.waitForFunction(() => document.querySelector('[role=dialog]')?.contains(document.activeElement));
  await settled(page);
}

/** Until no dialog is left. */
export const closed = (page) => dialog(page).waitFor({ state: 'hidden' });

/** Until a menu is there and its first item has the focus. */
export async function menu(page, first) {
  await page.getByRole('menuitem', { name: first, exact: true }).waitFor();
  await page.waitForFunction(
    (name) => document.activeElement?.role === 'menuitem' && document.activeElement.textContent.trim() === name,
    first,
  );
}

/** What was copied, once its button says so: the browser takes its time. */
export async function copied(page, what) {
  await button(page, `Copied ${what}`).waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Presses Tab (or Shift+Tab) until what is called so has the focus, keeps it, and shows it. */
export async function reach(page, name, { key = 'Tab', max = 150 } = {}) {
  const met = [];
  const wanted = (here) => (name instanceof RegExp ? name.test(here) : here === name);
  await settled(page);
  for (let count = 0; count < max; count++) {
    let here = await focused(page);
    if (wanted(here)) {
      await settled(page);
      here = await focused(page);
    }
    if (wanted(here)) {
      const shown = await page.evaluate(() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        const around = element.closest('label');
        const ring = (one) => one && getComputedStyle(one).outlineStyle !== 'none';
        const box = element.getBoundingClientRect();
        const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
        return { ring: style.boxShadow !== 'none' || ring(element) || ring(around), inside };
      });
      if (!shown.ring) throw new Error(`“${here}” has the focus and does not show it`);
      if (!shown.inside) throw new Error(`“${here}” has the focus out of sight`);
      return here;
    }
    met.push(here);
    await page.keyboard.press(key);
  }
  throw new Error(`“${name}” is not reached with ${key}; met: ${[...new Set(met)].join(' | ')}`);
}

/** Goes there with Tab and presses a key. */
export async function press(page, name, key = 'Enter', how = {}) {
  await reach(page, name, how);
  await page.keyboard.press(key);
}

/** Goes to a field with Tab and types; all of it has to be in the field. */
export async function type(page, name, text) {
  await reach(page, name);
  await page.keyboard.type(text);
  const there = await page.evaluate(() => document.activeElement?.value);
  if (there !== text) throw new Error(`“${name}” has “${there}” where “${text}” was typed`);
}

/** The code of an authenticator (RFC 6238), so many steps of half a minute from now. */
export function codeOf(secret, steps = 0) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(step).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}
