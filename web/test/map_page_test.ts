import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Page, Route } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';

import { readStation } from '../src/live/station.ts';
import { paints } from '../src/map/classes.ts';
import { waitForMap } from './browser.ts';
import { kSoon, newPage, playPages, serve, standin, visit } from './played_page.ts';

let tileServer: Server | null = null;

playPages();
afterEach(() => {
  tileServer?.closeAllConnections();
  tileServer?.close();
  tileServer = null;
});

describe('the map', () => {
  // The colour of the screen there, read by a page that has nothing else.
  async function colourAt(page: Page, x: number, y: number): Promise<string> {
    const picture = await page.screenshot({ clip: { x, y, width: 1, height: 1 } });
    const reader = await newPage();
    try {
      return await reader.evaluate(async (bytes) => {
        const response = await fetch(`data:image/png;base64,${bytes}`);
        const image = await createImageBitmap(await response.blob());
        const context = new OffscreenCanvas(1, 1).getContext('2d')!;
        context.drawImage(image, 0, 0);
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => value.toString(16).padStart(2, '0')).join('');
      }, picture.toString('base64'));
    } finally {
      await reader.close();
    }
  }

  it.each([1, 2])('draws stations where they are, in their colours, and finds them there: %d pixels in one', async (density) => {
    const url = await serve({ speed: 0.1, stations: 300 });
    const { id, racks } = standin!.city.stations.find(({ fill, is_read }) => fill === 'full' && is_read)!;
    const { title } = readStation(standin!.city.station(id));
    const page = await visit(`${url}#/seoul/station/${id}`, { deviceScaleFactor: density }, true);
    // So that the worker can be told to keep its pictures back, and to lose its GPU.
    await page.route('**/station_painter*', async (route) => {
      const response = await route.fetch();
      const hold = `const get = OffscreenCanvas.prototype.getContext;
        OffscreenCanvas.prototype.getContext = function (...how) {
          const gl = get.apply(this, how);
          self.gpu = gl.getExtension('WEBGL_lose_context');
          return gl;
        };
        const post = self.postMessage.bind(self);
        self.held = null;
        self.postMessage = (...what) => (self.held ? self.held.push(what) : post(...what));
        self.letGo = () => { const held = self.held; self.held = null; held.forEach((what) => post(...what)); };`;
      await route.fulfill({ response, body: hold + (await response.text()) });
    });
    await page.reload();
    await waitForMap(page);
    const [kEmpty, kFull] = [1, 5].map((of) => paints('fill', 'light')[of]!.fill.slice(1));
    const middleOf = async () => {
      const box = (await page.locator('.map-canvas').boundingBox())!;
      return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
    };
    const card = page.locator('.station-card');
    const shows = ({ x, y }: { x: number; y: number }, colour: string | undefined) =>
      expect.poll(() => colourAt(page, x, y), kSoon).toBe(colour);
    const isAt = async (at: { x: number; y: number }) => {
      await shows(at, kFull);
      await page.mouse.move(at.x, at.y);
      await expect.poll(() => card.locator('.card-title').allInnerTexts(), kSoon).toEqual([expect.stringContaining(title)]);
    };
    let middle = await middleOf();
    await isAt(middle); // it is chosen, so it is in the middle
    const away = () => page.mouse.move(middle.x, middle.y - 180);

    // What changes while the map stands still.
    await away();
    standin!.change(id, 0);
    await shows(middle, kEmpty);
    standin!.change(id, racks!);
    await shows(middle, kFull);
    await page.getByRole('button', { name: 'Net flow this hour' }).click();
    await expect.poll(() => colourAt(page, middle.x, middle.y), kSoon).not.toBe(kFull);
    await page.getByRole('button', { name: 'Fill', exact: true }).click();
    await isAt(middle);

    await page.setViewportSize({ width: 1200, height: 800 });
    await page.waitForTimeout(500);
    middle = await middleOf();
    await isAt(middle);

    await page.mouse.move(middle.x + 100, middle.y + 50);
    await page.mouse.down();
    await page.mouse.move(middle.x + 160, middle.y + 90, { steps: 4 });
    await page.waitForTimeout(300); // so that it does not go on by itself
    await page.mouse.up();
    const there = { x: middle.x + 60, y: middle.y + 40 };
    await isAt(there);

    // Until there is a new picture the last one goes with the map: what is in the middle stays there when one comes nearer.
    await page.getByRole('button', { name: 'Show all stations' }).click();
    await page.waitForTimeout(1500);
    await page.goto(`${url}#/seoul/station/${standin!.city.stations[0]!.id}`);
    await page.goto(`${url}#/seoul/station/${id}`);
    await isAt(middle);
    const painter = page.workers().find((worker) => worker.url().includes('station_painter'))!;
    type Painter = { held: unknown[] | null; letGo(): void; gpu: WEBGL_lose_context };
    await painter.evaluate(() => ((self as unknown as Painter).held = []));
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.waitForTimeout(1000);
    expect(await colourAt(page, middle.x, middle.y)).toBe(kFull);
    await painter.evaluate(() => (self as unknown as Painter).letGo());
    await isAt(middle);

    // The GPU is lost to the map, then to the stations: nothing of them is shown as long as they cannot be painted.
    await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.maplibregl-canvas')!;
      const gpu = canvas.getContext('webgl2')!.getExtension('WEBGL_lose_context')!;
      gpu.loseContext();
      setTimeout(() => gpu.restoreContext(), 500);
    });
    await page.waitForTimeout(1500);
    await isAt(middle);
    await away();
    await painter.evaluate(() => (self as unknown as Painter).gpu.loseContext());
    standin!.change(id, 0);
    await expect.poll(() => colourAt(page, middle.x, middle.y), kSoon).not.toBe(kFull);
    expect(await colourAt(page, middle.x, middle.y)).not.toBe(kEmpty);
    await painter.evaluate(() => (self as unknown as Painter).gpu.restoreContext());
    await shows(middle, kEmpty);
    standin!.change(id, racks!);
    await isAt(middle);
    await page.getByRole('button', { name: 'Dark' }).click();
    await shows(middle, paints('fill', 'dark')[5]!.fill.slice(1));
  });
});

describe('a map whose stations cannot be painted', () => {
  it.each([
    ['their code does not come', (route: Route) => route.abort(), /could not be loaded/],
    [
      'there is no WebGL 2',
      (route: Route) => route.fulfill({ contentType: 'text/javascript', body: "self.postMessage({ failure: 'no WebGL 2' })" }),
      /WebGL/,
    ],
  ] as const)('says so, and what to do: %s', async (_, answer, words) => {
    const page = await visit(await serve({ stations: 300 }), {}, false);
    await page.unroute(/station_(map|painter)/);
    await page.route('**/station_painter*', answer);
    await page.reload();
    await expect.poll(() => page.locator('.map-note').allInnerTexts(), kSoon).toEqual([expect.stringMatching(words)]);
  });
});

describe('tiles', () => {
  const kPicture = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  );

  it('come from the host that is named, and whose they are is said', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      response.writeHead(200, { 'Content-Type': 'image/png', 'Access-Control-Allow-Origin': '*' });
      response.end(kPicture);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    tileServer = server;
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tiles = { url: `http://${host}/map/{z}/{x}/{y}.png`, attribution: '© Makers of maps' };
    const page = await visit(await serve({ stations: 300, tiles }), {}, true, host);
    await waitForMap(page);
    await expect.poll(() => asked.length, kSoon).toBeGreaterThan(3);
    expect(asked.every((path) => /^\/map\/\d+\/\d+\/\d+\.png$/.test(path))).toBe(true);
    expect(await page.locator('.map-source').innerText()).toBe('© Makers of maps');
  });
});
