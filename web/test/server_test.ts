// The page of the real program: `bikeflow demo`, which is a pipeline with its lake, its API and this page. What the page
// shows is what the API says; it follows what happens; and it outlives the server.
//
//   BIKEFLOW_PROGRAM      the program
//   BIKEFLOW_SCREENSHOTS  a folder for pictures of what was seen; none are made without it

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { policyOf } from '../dev/standin.ts';
import type { About, Station, StationsAnswer, SystemState } from '../src/api/types.ts';
import { fillOf } from '../src/live/standing.ts';
import { axeFaults, kPhone, launch, open, waitForMap, type Watched } from './browser.ts';

const kProgram = process.env['BIKEFLOW_PROGRAM'] ?? '../build/bikeflow';
const kPictures = process.env['BIKEFLOW_SCREENSHOTS'];
const kSystem = 'seoul';

// An hour of the city in twelve seconds.
class Program {
  #process: ChildProcess | null = null;
  #folder = mkdtempSync(join(tmpdir(), 'bikeflow-page-'));
  #lives = 0;
  port = 0;

  async start(): Promise<void> {
    this.#lives += 1;
    const lake = join(this.#folder, `lake-${this.#lives}`);
    this.#process = spawn(
      kProgram,
      ['demo', '--stations', '300', '--speed', '300', '--lake', lake, '--port', String(this.port), '--log-format', 'text'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
    );
    let said = '';
    this.port = await new Promise<number>((found, failed) => {
      this.#process!.stderr!.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        const port = /dashboard: http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1];
        if (port) found(Number(port));
      });
      this.#process!.on('error', failed);
      this.#process!.on('exit', () => failed(new Error(`the program ended: ${said}`)));
    });
  }

  async kill(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null) return;
    const ended = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await ended;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async api<T>(path: string): Promise<T> {
    return (await (await fetch(new URL(`api/v1/${path}`, this.url))).json()) as T;
  }
}

describe('the page of the program', () => {
  const program = new Program();
  let browser: Browser;
  let watched: Watched | null = null;
  beforeAll(async () => {
    await program.start();
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await program.kill();
    program.remove();
  });
  afterEach(async () => {
    const faults = watched?.faults ?? [];
    await watched?.close();
    watched = null;
    expect(faults).toEqual([]);
  });

  const visit = async (hash: string, options: Parameters<typeof open>[2] = {}, hasMap = false): Promise<Page> => {
    watched = await open(browser, `${program.url}#/${hash}`, options, hasMap);
    return watched.page;
  };
  const picture = async (page: Page, name: string): Promise<void> => {
    if (kPictures) await page.screenshot({ path: join(kPictures, `${name}.png`) });
  };

  it('shows its stations on the map, breaks no policy and can be used by everyone', async () => {
    expect((await program.api<About>('about')).is_demo).toBe(true);
    expect((await fetch(program.url)).headers.get('content-security-policy')).toBe(policyOf(null));
    const page = await visit(kSystem, {}, true);
    await waitForMap(page);
    const known = await page.locator('.attention .tabs b').allInnerTexts();
    expect(known).toHaveLength(5);
    expect(known.join()).not.toContain('–');
    expect(await page.locator('.figures .value').nth(7).innerText()).toBe('Simulated');
    expect(await axeFaults(page)).toEqual([]);
    await picture(page, 'board-1440');
  });

  it('follows what happens', async () => {
    const page = await visit(kSystem);
    const moved = () => page.locator('.movements li').first().innerText();
    await page.waitForSelector('.movements li');
    const first = await moved();
    await page.waitForFunction(
      (before) => (document.querySelector('.movements li') as HTMLElement | null)?.innerText !== before,
      first,
      { timeout: 20_000 },
    );
    const state = await program.api<SystemState>(`systems/${kSystem}/state`);
    expect(state.stations.known).toBe(300);
    const parked = (await page.locator('.figures .value').first().innerText()).replaceAll(/\D/g, '');
    expect(Math.abs(Number(parked) - state.bikes!)).toBeLessThan(300);
  });

  it('shows of a station what the API says', async () => {
    const { stations } = await program.api<StationsAnswer>(`systems/${kSystem}/stations`);
    const station = stations.find(({ bikes }) => bikes !== null && bikes > 0)!;
    expect(station.fill).toBe(fillOf(station.bikes!, station.racks));
    const page = await visit(`${kSystem}/station/${station.id}`);
    await page.waitForFunction(
      (path) =>
        performance
          .getEntriesByType('resource')
          .some((each) => each.name.endsWith(path) && (each as PerformanceResourceTiming).responseStatus === 200),
      `/stations/${station.id}/bikes`,
    );
    await page.waitForSelector('.now .big');
    expect(await page.locator('.station-head').innerText()).toContain(station.id);
    // Its bikes come and go meanwhile.
    await expect
      .poll(async () => {
        const shown = Number(await page.locator('.now .big').innerText());
        return shown - (await program.api<Station>(`systems/${kSystem}/stations/${station.id}`)).bikes!;
      }, { timeout: 20_000 })
      .toBe(0);
    await page.waitForSelector('.station .uplot');
    await picture(page, 'station-1440');
  });

  it('shows the hours of the lake, in Korean, on a phone', async () => {
    const now = (await program.api<About>('about')).now;
    const from = new Date(Date.parse(now) - 86_400_000).toISOString();
    const to = new Date(Date.parse(now) + 3_600_000).toISOString();
    type Totals = { hours: { start: string; total_rental: number }[] };
    let totals: Totals = { hours: [] };
    for (let tries = 0; totals.hours.length === 0 && tries < 120; ++tries) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      totals = await program.api<Totals>(`systems/${kSystem}/totals?from=${from}&to=${to}`);
    }
    const hour = totals.hours[0]!;
    const local = new Date(Date.parse(hour.start) + 9 * 3_600_000).toISOString().slice(0, 13);
    const page = await visit(`${kSystem}/history/${local}`, { locale: 'ko-KR', viewport: kPhone });
    await page.waitForFunction(
      (total) => document.body.innerText.replaceAll(',', '').includes(String(total)),
      hour.total_rental,
    );
    expect(await page.locator('html').getAttribute('lang')).toBe('ko');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(kPhone.width);
    await picture(page, 'history-390');
  });

  it('says that the server is gone, and goes on by itself when there is one again', async () => {
    const page = await visit(kSystem);
    await page.waitForSelector('.movements li');
    await program.kill();
    await page.waitForSelector('.banner.bad', { timeout: 30_000 });
    await picture(page, 'lost-1440');
    await program.start();
    await page.waitForFunction(() => !document.querySelector('.banner.bad'), undefined, { timeout: 60_000 });
    await page.waitForSelector('.movements li');
  });

  it('says of an unknown system that there is none', async () => {
    const page = await visit('no-such-system');
    await page.waitForFunction(() => document.body.innerText.includes('no-such-system'));
  });
});
