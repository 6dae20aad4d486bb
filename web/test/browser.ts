// The page in a real browser, with what it must never do watched all the time: ask another host, break the
// policy for content, write an error to the console.
//
//   BIKEFLOW_CHROMIUM  the browser (/usr/bin/chromium)

import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export const kWide = { width: 1440, height: 900 };
export const kPhone = { width: 390, height: 844 };

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['BIKEFLOW_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // The map by software; the rest as a machine without a GPU has it, which is quicker than by the same software.
      '--use-angle=swiftshader-webgl',
      '--enable-unsafe-swiftshader',
    ],
  });
}

export interface Watched {
  page: Page;
  faults: string[]; // what must not be
  close(): Promise<void>;
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  hasMap: boolean,
  tilesHost: string | null = null, // which may be asked too
): Promise<Watched> {
  const context = await browser.newContext({ viewport: kWide, locale: 'en-GB', ...options });
  const page = await context.newPage();
  if (!hasMap) await page.route(/station_(map|painter)/, (route) => route.abort());
  const faults: string[] = [];
  const host = new URL(url).host;
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (['blob:', 'data:'].includes(target.protocol)) return;
    if (target.host !== host && target.host !== tilesHost) faults.push(`asked another host: ${request.url()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // The browser itself writes a line for each answer of 4xx and 5xx, and for a connection that breaks.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) faults.push(`console: ${text}`);
    if (/Content Security Policy/.test(text)) faults.push(`policy: ${text}`);
  });
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

// The map is there and has drawn its stations.
export async function waitForMap(page: Page): Promise<void> {
  await page.waitForSelector('.maplibregl-canvas');
  await page.waitForFunction(() => document.querySelector<HTMLElement>('.station-layer')?.style.width); // has a picture
  await page.waitForTimeout(800);
}

// WCAG 2.1 A and AA, as far as a machine can tell; one line for each fault.
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(async () => {
    const runner = (window as unknown as { axe: typeof axe }).axe;
    return runner.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] });
  });
  return results.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
  );
}
