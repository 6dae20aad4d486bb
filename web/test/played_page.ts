// The page as a stand-in for the program serves it, for a file of tests.
//
//   BIKEFLOW_DATA      where the stations of Seoul are, if they are there (../../shared/data)
//   BIKEFLOW_PAGE_OUT  the built page (dist)

import { existsSync } from 'node:fs';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

import { Standin, type StandinOptions } from '../dev/standin.ts';
import { launch, open, type Watched } from './browser.ts';

const kCsv = `${process.env['BIKEFLOW_DATA'] ?? '../../shared/data'}/seoul-stations.csv`;
const kPage = process.env['BIKEFLOW_PAGE_OUT'] ?? 'dist';

export const kSoon = { timeout: 20_000 }; // whatever else the machine does

let browser: Browser;
export let standin: Standin | null = null;
let watched: Watched | null = null;

export const newPage = (): Promise<Page> => browser.newPage(); // apart from the one that is watched

// To be called once: what a file's tests begin and end.
export function playPages(): void {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    const faults = watched?.faults ?? [];
    await watched?.close();
    await standin?.stop();
    watched = standin = null;
    expect(faults).toEqual([]);
  });
}

export async function serve(options: Partial<StandinOptions> = {}): Promise<string> {
  standin = new Standin({
    csv: existsSync(kCsv) ? kCsv : null,
    stations: 2800,
    page: kPage,
    start: Date.parse('2024-08-11T13:20:00Z'),
    speed: 15,
    ...options,
  });
  return standin.start();
}

// Without the map where a test is not about it: drawing by software is most of the time that a test takes.
export async function visit(
  url: string,
  options: Parameters<typeof open>[2] = {},
  hasMap = false,
  tilesHost: string | null = null,
): Promise<Page> {
  watched = await open(browser, url, options, hasMap, tilesHost);
  return watched.page;
}
