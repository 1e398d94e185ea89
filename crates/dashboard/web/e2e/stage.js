// What the walks share: the browser, the lines that they print, and the keyboard.

import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

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

/** Prints one line for each step, and remembers what was not good. */
export class Steps {
  faults = 0;
  /** The folder for pictures of what was there when a walk broke off. */
  shots = undefined;

  expect(what, good, said = '') {
    if (good) console.log(`ok  ${what}`);
    else {
      this.faults++;
      console.error(`NO  ${what}${said ? `: ${said}` : ''}`);
    }
    return good;
  }

  /** Runs the walk, ends the browser, and the process with what came of it. */
  async end(browser, walk) {
    try {
      await walk();
    } catch (thrown) {
      this.expect('the walk came to its end', false, thrown instanceof Error ? thrown.stack : String(thrown));
      const pages = browser.contexts().flatMap((context) => context.pages());
      for (const [at, page] of pages.entries())
        if (this.shots) await page.screenshot({ path: join(this.shots, `broken-${at}.png`) }).catch(() => {});
    } finally {
      await browser.close();
    }
    console.log(this.faults ? `${this.faults} to mend` : 'all is well');
    process.exit(this.faults ? 1 : 0);
  }
}

/** A fresh window with nothing kept. What its pages complain about is a fault. */
export async function open(browser, steps, look = {}) {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.scheme ?? 'light',
    locale: look.locale ?? 'en-GB',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  return watched(await context.newPage(), steps);
}

/** One more tab beside a page. */
export const beside = async (page, steps) => watched(await page.context().newPage(), steps);

function watched(page, steps) {
  page.setDefaultTimeout(30_000);
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

/** Presses Tab (or Shift+Tab) until what is called so has the focus, and shows it. */
export async function reach(page, name, { key = 'Tab', max = 150 } = {}) {
  const met = [];
  for (let count = 0; count < max; count++) {
    const here = await focused(page);
    if (name instanceof RegExp ? name.test(here) : here === name) {
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

/** Goes to a field with Tab and types. */
export async function type(page, name, text) {
  await reach(page, name);
  await page.keyboard.type(text);
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
