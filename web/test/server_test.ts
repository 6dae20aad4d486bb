// The page against a real server: what it shows is what the API says.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { About, StationsAnswer } from '../src/api/types.ts';
import { fillOf } from '../src/live/standing.ts';
import { axeFaults, launch, open, waitForMap } from './browser.ts';

const kUrl = process.env['BIKEFLOW_URL'];

describe.skipIf(!kUrl)('the page of a server', () => {
  const url = kUrl ?? '';
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  const api = async <T>(path: string) => (await (await fetch(new URL(`api/v1/${path}`, url))).json()) as T;

  it('shows its stations, breaks no policy and can be used by everyone', async () => {
    const [system] = (await api<About>('about')).systems;
    const watched = await open(browser, `${url}#/${system!.id}`, {}, true);
    await waitForMap(watched.page);
    const known = await watched.page.locator('.attention .tabs b').allInnerTexts();
    expect(known).toHaveLength(3);
    expect(known.join()).not.toContain('–');
    expect(await axeFaults(watched.page)).toEqual([]);
    expect(watched.faults).toEqual([]);
    await watched.close();
  });

  it('shows of a station what the API says', async () => {
    const [system] = (await api<About>('about')).systems;
    const { stations } = await api<StationsAnswer>(`systems/${system!.id}/stations`);
    const station = stations.find(({ bikes }) => bikes !== null && bikes > 0)!;
    expect(station.fill).toBe(fillOf(station.bikes!, station.racks));
    const watched = await open(browser, `${url}#/${system!.id}/station/${station.id}`, {}, false);
    await watched.page.waitForSelector('.now .big');
    expect(await watched.page.locator('.station-head').innerText()).toContain(station.id);
    expect(await watched.page.locator('.station .uplot').count()).toBeGreaterThan(0);
    expect(watched.faults).toEqual([]);
    await watched.close();
  });

  it('says of an unknown system that there is none', async () => {
    const watched = await open(browser, `${url}#/no-such-system`, {}, false);
    await watched.page.waitForFunction(() => document.body.innerText.includes('no-such-system'));
    await watched.close();
  });
});
