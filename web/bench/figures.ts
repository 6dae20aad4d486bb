// Looks at pages in Chromium for bench/page_bench.py, which says what to do: a line of JSON for each request on
// standard input, a line of JSON for its answer on standard output. Times are milliseconds; those of `watch` are
// since 1970, by the machine's clock, so that they can be held against those of other processes.
//
//   BIKEFLOW_CHROMIUM  the browser (/usr/bin/chromium)

import { createInterface } from 'node:readline';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { kWide, launch, waitForMap } from '../test/browser.ts';

interface Place {
  url: string; // of the program, with a slash at its end
  system: string;
}
interface Station {
  id: string;
  title: string;
}

// Where a station's count is seen: on its own page, in the board's list of movements, in the board's list of the most
// active (its returns; as what depends on every station it comes after the movements), or in a page that has nothing but
// the events and that count.
type Where = 'station' | 'board' | 'active' | 'bare';

type Request =
  | ({ ask: 'open'; hash: string } & Place)
  | ({ ask: 'watch'; where: Where; station: Station } & Place)
  | { ask: 'watched' }
  | ({ ask: 'load'; stations: number } & Place)
  | ({ ask: 'sizes'; station: Station } & Place)
  | { ask: 'frames'; seconds: number }
  | { ask: 'version' }
  | { ask: 'close' };

// [the count, when it was in the document, when it was painted]
type Sight = [number, number, number];

declare global {
  interface Window {
    sights: Sight[];
    drawn: { figures: number | null; map: number | null };
  }
}

// A page of its own for what the measured one is held against; the events come from the same program.
function barePage(place: Place, station: Station): string {
  const events = `api/v1/systems/${encodeURIComponent(place.system)}/events`;
  return `<!doctype html><title>bare</title><p id="count"></p><script>
    const take = (event) => {
      const found = JSON.parse(event.data).stations.find(({ id }) => id === ${JSON.stringify(station.id)});
      if (found) document.getElementById('count').textContent = found.bikes;
    };
    const source = new EventSource(${JSON.stringify(events)});
    source.addEventListener('snapshot', take);
    source.addEventListener('stations', take);
  </script>`;
}

// In the page: notes each new count when it is in the document, and at the beginning of the frame after the one that
// paints it.
function noteSights({ where, title, more }: { where: Where; title: string; more: number }): void {
  const words = (): string | null | undefined => {
    if (where === 'bare') return document.getElementById('count')?.textContent;
    if (where === 'station') return document.querySelector('.now .big')?.textContent;
    if (where === 'active') {
      const ranks = [...document.querySelectorAll('.ranking tbody tr')];
      return ranks.find((each) => each.querySelector('a')?.textContent.includes(title))?.querySelectorAll('td')[1]?.textContent;
    }
    const rows = [...document.querySelectorAll('.movements li')];
    const row = rows.find((each) => each.querySelector('.row-name')?.textContent === title);
    return row?.querySelector('.row-note')?.textContent;
  };
  const now = () => performance.timeOrigin + performance.now();
  // Whether a frame has begun and is not painted yet: what its callbacks change, and the promises that they resolve, is
  // painted by it.
  let isInFrame = false;
  const nextFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (run) =>
    nextFrame((at) => {
      isInFrame = true;
      run(at);
      void (async () => {
        for (let turn = 0; turn < 50; turn += 1) await null;
        isInFrame = false;
      })();
    });
  let last: string | null | undefined = words();
  window.sights = [];
  new MutationObserver(() => {
    const found = words();
    if (!found || found === last) return;
    last = found;
    const at = now();
    const count = Number(found.replaceAll(/\D/g, '')) + more;
    const painted = () => nextFrame(() => window.sights.push([count, at, now()]));
    if (isInFrame) painted();
    else nextFrame(painted);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}

// In the page, before anything of it runs: when the figures are there, and the first picture of the stations.
function noteDrawing(): void {
  let hasMap = false;
  let hadMap = false;
  const { prototype } = ImageBitmapRenderingContext;
  const show = prototype.transferFromImageBitmap;
  prototype.transferFromImageBitmap = function (picture) {
    hasMap ||= picture !== null;
    show.call(this, picture);
  };
  window.drawn = { figures: null, map: null };
  let hadFigures = false;
  const look = () => {
    // What is seen here was drawn by the frame before.
    if (hadFigures) window.drawn.figures ??= performance.now();
    if (hadMap) window.drawn.map ??= performance.now();
    hadMap = hasMap;
    const values = [...document.querySelectorAll('.figures .value')].slice(0, 4);
    hadFigures = values.length === 4 && values.every((value) => /\d/.test(value.textContent ?? ''));
    if (window.drawn.figures === null || window.drawn.map === null) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

// In the page: of the picture of the stations.
function countPixels(): number {
  const layer = document.querySelector<HTMLCanvasElement>('.station-layer')!;
  const { clientWidth: width, clientHeight: height } = layer;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(layer, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return data.filter((value, index) => index % 4 === 3 && value > 0).length;
}

// In the page: how long each frame took, and each task of 50 ms or more; how often the map's stations were painted.
function countFrames(seconds: number): Promise<{ frames: number[]; tasks: number[]; maps: number }> {
  let maps = 0;
  const { prototype } = ImageBitmapRenderingContext;
  const show = prototype.transferFromImageBitmap;
  prototype.transferFromImageBitmap = function (picture) {
    maps += 1;
    show.call(this, picture);
  };
  const tasks: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push(entry.duration);
  });
  observer.observe({ type: 'longtask' });
  return new Promise((resolve) => {
    const frames: number[] = [];
    requestAnimationFrame((begin) => {
      let last = begin;
      const next = (now: number) => {
        frames.push(now - last);
        last = now;
        if (now - begin < seconds * 1000) return requestAnimationFrame(next);
        // The last of them are told a moment later.
        return setTimeout(() => {
          observer.disconnect();
          prototype.transferFromImageBitmap = show;
          resolve({ frames, tasks, maps });
        }, 200);
      };
      requestAnimationFrame(next);
    });
  });
}

class Figures {
  readonly #browser: Browser;
  #context: BrowserContext | null = null;
  #page: Page | null = null;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async answer(request: Request): Promise<unknown> {
    switch (request.ask) {
      case 'version':
        return this.#browser.version();
      case 'open':
        await this.#open(request.url + request.hash);
        if (request.hash.startsWith('#')) await waitForMap(this.#page!);
        return null;
      case 'watch':
        return this.#watch(request, request.where, request.station);
      case 'watched':
        return this.#watched();
      case 'load':
        return this.#load(request, request.stations);
      case 'sizes':
        return this.#sizes(request, request.station);
      case 'frames':
        return this.#page!.evaluate(countFrames, request.seconds);
      case 'close':
        await this.#context?.close();
        this.#context = this.#page = null;
        return null;
    }
  }

  // A context of its own, so nothing is in a cache.
  async #empty(): Promise<Page> {
    await this.#context?.close();
    this.#context = await this.#browser.newContext({ viewport: kWide, locale: 'en-GB' });
    this.#context.setDefaultTimeout(120_000); // whatever else the machine does
    this.#page = await this.#context.newPage();
    return this.#page;
  }

  async #open(url: string): Promise<Page> {
    const page = await this.#empty();
    await page.goto(url);
    return page;
  }

  async #watch(place: Place, where: Where, station: Station): Promise<null> {
    const page = await this.#empty();
    if (where === 'bare') {
      const body = barePage(place, station);
      await page.route('**/bare', (route) => route.fulfill({ contentType: 'text/html', body }));
      await page.goto(`${place.url}bare`);
      await page.waitForFunction(() => document.getElementById('count')!.textContent !== '');
    } else {
      const hash = where === 'station' ? `${place.system}/station/${encodeURIComponent(station.id)}` : place.system;
      await page.goto(`${place.url}#/${hash}`);
      await waitForMap(page);
    }
    let more = 0; // that its count has than its returns
    if (where === 'active') {
      await page.getByRole('tab', { name: 'Most active' }).click();
      const answer = await page.request.get(`${place.url}api/v1/systems/${place.system}/stations/${encodeURIComponent(station.id)}`);
      const { bikes, returns } = (await answer.json()) as { bikes: number; returns: number | null };
      more = bikes - (returns ?? 0);
    }
    await page.evaluate(noteSights, { where, title: station.title, more });
    return null;
  }

  async #watched(): Promise<Sight[]> {
    const { sights, skew } = await this.#page!.evaluate(() => ({
      sights: window.sights,
      skew: Date.now() - performance.timeOrigin - performance.now(),
    }));
    if (Math.abs(skew) > 2) throw new Error(`the machine's clock was set by ${skew} ms meanwhile`);
    return sights;
  }

  async #load(place: Place, stations: number): Promise<unknown> {
    const page = await this.#empty();
    await page.addInitScript(noteDrawing);
    await page.goto(`${place.url}#/${place.system}`);
    await page.waitForFunction(() => window.drawn.figures !== null && window.drawn.map !== null);
    const pixels = await page.evaluate(countPixels);
    if (pixels < stations * 5) throw new Error(`only ${pixels} pixels of the map show stations`);
    return page.evaluate(() => ({
      first: performance.getEntriesByName('first-contentful-paint')[0]!.startTime,
      ...window.drawn,
    }));
  }

  // Bytes as they were sent, of the board and of all views.
  async #sizes(place: Place, station: Station): Promise<{ board: number; all: number; plain: string[] }> {
    const page = await this.#empty();
    const sizes = new Map<string, number>();
    const plain: string[] = [];
    page.on('response', (response) => {
      const headers = response.headers();
      if (response.url().startsWith('blob:') || !/javascript|css/.test(headers['content-type'] ?? '')) return;
      sizes.set(response.url(), Number(headers['content-length']));
      if (!headers['content-encoding']) plain.push(response.url());
    });
    const total = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);
    await page.goto(`${place.url}#/${place.system}`);
    await waitForMap(page);
    const board = total();
    for (const hash of [`station/${station.id}`, 'stations', 'history']) {
      await page.goto(`${place.url}#/${place.system}/${hash}`);
      await page.waitForTimeout(1000);
    }
    return { board, all: total(), plain };
  }
}

const browser = await launch();
try {
  const figures = new Figures(browser);
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await figures.answer(JSON.parse(line) as Request)));
  }
} finally {
  await browser.close();
}
