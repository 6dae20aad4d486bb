import { readFileSync } from 'node:fs';

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import type { About } from '../src/api/types.ts';
import { axeFaults, kPhone, waitForMap } from './browser.ts';
import { kSoon, playPages, serve, standin, visit } from './played_page.ts';

playPages();

const figure = (page: Page, index: number) => page.locator('.figures .value').nth(index).innerText();

describe('the board', () => {
  it('shows every figure, the map and the lists, and asks nobody else', async () => {
    const page = await visit(await serve(), {}, true);
    await waitForMap(page);
    expect(page.url()).toMatch(/#\/seoul$/);
    // The city goes on meanwhile.
    const shown = async () => [await figure(page, 1), await figure(page, 2), await figure(page, 3)].join(' ');
    const told = () => {
      const { empty, full, stale } = standin!.city.state(1).stations;
      return [empty, full, stale].join(' ');
    };
    await expect.poll(async () => (await shown()) === told(), kSoon).toBe(true);
    expect(await page.locator('.attention .rows li').count()).toBeGreaterThan(20);
    expect(await axeFaults(page)).toEqual([]);
    expect(await page.locator('.bottom').innerText()).toContain('Asia/Seoul (GMT+9)');
  });

  it('says after 15 s of silence that the connection is lost, greys, and comes back alone', async () => {
    const page = await visit(await serve());
    await page.waitForSelector('.attention .rows li');
    expect(await page.locator('.banner.bad').count()).toBe(0);
    standin!.isSilent = true;
    await page.waitForSelector('.banner.bad', { timeout: 25_000 });
    expect(await page.locator('.figures.greyed').count()).toBe(1);
    for (const tab of ['Empty', 'Soon', 'Doubtful']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await page.locator('.attention').innerText()).toContain('Not known while the connection is lost');
      expect(await page.locator('.attention').getByRole('button', { name: 'Download' }).isDisabled()).toBe(true);
    }
    const sheet = page.locator('.activity').getByRole('button', { name: 'Download' });
    expect(await sheet.isDisabled()).toBe(false); // movements, each with its time
    await page.getByRole('tab', { name: 'Most active' }).click();
    expect(await page.locator('.activity').innerText()).toContain('Not known while the connection is lost');
    expect(await sheet.isDisabled()).toBe(true);
    expect(await page.locator('.pill').innerText()).toContain('Connection lost');
    expect(await figure(page, 6)).not.toMatch(/^\d+ s$/); // the data get older
    expect(await figure(page, 7)).toBe('Unknown');
    standin!.isSilent = false;
    await page.waitForSelector('.banner.bad', { state: 'detached', timeout: 40_000 });
    expect(await page.locator('.figures.greyed').count()).toBe(0);
  });

  it('puts a whole hour beside a whole hour, and no part of one', async () => {
    const page = await visit(await serve({ stations: 300 }));
    const hour = Date.parse('2024-08-11T12:00:00Z');
    const of = (start: number) => standin!.city.totals(start, start + 1)[0]!.total_rental;
    const week = 7 * 86_400_000;
    const [now, before, running] = [of(hour), of(hour - week), of(hour + 3_600_000 - week)];
    const change = Math.round(((now - before) / before) * 100);
    const words = `21:00–22:00: ${now} · last week ${before}, ${change > 0 ? '+' : change < 0 ? '−' : ''}${Math.abs(change)} %`;
    const rentals = page.locator('.figures .figure').nth(4);
    await expect.poll(async () => (await rentals.innerText()).replaceAll(',', ''), kSoon).toContain(words.replaceAll(',', ''));
    expect((await rentals.innerText()).replaceAll(',', '')).toContain(`last week by 23:00: ${running} in the whole hour`);
    expect(await rentals.locator('.value').innerText()).toMatch(/^[\d,]+$/);
  });

  it('says of a demo that it is one, and how fast', async () => {
    const page = await visit(await serve({ stations: 300, isDemo: true, speed: 600 }));
    const source = page.locator('.figures .figure').nth(7);
    await expect.poll(() => source.innerText(), kSoon).toMatch(/Simulated[^]*a demo, no live feed[^]*clock ×600/);
    await page.getByRole('button', { name: '한국어' }).click();
    await expect.poll(() => source.innerText(), kSoon).toMatch(/모의 데이터[^]*데모[^]*600배속/);
  });

  it('says what will be empty or full soon, how that is known, and what is doubtful', async () => {
    const page = await visit(await serve());
    const list = page.locator('.attention');
    await page.getByRole('tab', { name: 'Soon' }).click();
    await page.waitForSelector('.attention .rows li');
    expect(await list.innerText()).toMatch(/net flow of the last hour/);
    expect(await list.locator('.row-main').first().innerText()).toMatch(/^(≈ \d+ min|any minute)$/);
    expect(await list.locator('.row-note').first().innerText()).toMatch(/^(empty|full) about \d\d:\d\d · \d+\/\d+ · [+−]\d+ in 1 h$/);
    await page.getByRole('tab', { name: 'Doubtful' }).click();
    await page.waitForFunction(() => /flapping[^]*frozen/.test(document.querySelector('.attention')!.textContent!));
    expect(await axeFaults(page)).toEqual([]);
  });

  it('resumes a stream that broke without a word about it', async () => {
    const page = await visit(await serve());
    await page.waitForSelector('.attention .rows li');
    standin!.dropStreams();
    await page.waitForTimeout(2500);
    expect(await page.locator('.banner.bad').count()).toBe(0);
    expect(await page.locator('.pill').innerText()).toBe('Live');
  });

  it('holds the movements still while they are read', async () => {
    const page = await visit(await serve());
    await page.waitForSelector('.movements li');
    await page.locator('.movements li').first().hover();
    const before = await page.locator('.movements li').first().innerText();
    standin!.beat(3);
    await page.waitForTimeout(700);
    expect(await page.locator('.movements li').first().innerText()).toBe(before);
    await page.mouse.move(200, 10);
    await page.waitForFunction((was) => document.querySelector<HTMLElement>('.movements li')!.innerText !== was, before);

    // By a finger or a wheel from elsewhere: more of them, and they stand still as well.
    standin!.beat(20);
    const rows = page.locator('.movements li');
    const scroll = (top: number) => page.locator('.activity .tab-panel').evaluate((panel, to) => panel.scrollTo({ top: to }), top);
    await expect.poll(() => rows.count(), kSoon).toBe(30);
    await scroll(500);
    await expect.poll(() => rows.count(), kSoon).toBe(100);
    const second = await rows.nth(1).innerText();
    standin!.beat(3);
    await page.waitForTimeout(700);
    expect(await rows.nth(1).innerText()).toBe(second);
    await scroll(0);
    await expect.poll(() => rows.count(), kSoon).toBe(30);
    expect(await rows.nth(1).innerText()).not.toBe(second);
  });

  it('writes the hours under their bars, also once time has gone on', async () => {
    const page = await visit(await serve({ stations: 300, speed: 600 }));
    await page.addInitScript(() => {
      const places = new Map<string, number>(); // text -> where it was written last
      Object.assign(window, { places });
      const write = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        if (this.canvas.closest('.board-map') && /:00$/.test(text)) places.set(text, x);
        write.call(this, text, x, y);
      };
    });
    await page.reload();
    const placeOf = (text: string) => page.evaluate((of) => (window as unknown as { places: Map<string, number> }).places.get(of), text);
    await expect.poll(() => placeOf('15:00'), kSoon).toBeGreaterThan(0);
    const hour = () => page.locator('.figures dt').nth(4).innerText(); // "Rentals since 22:00"
    const first = await hour();
    const before = (await placeOf('15:00'))!;
    await expect.poll(hour, kSoon).not.toBe(first);
    await expect.poll(() => placeOf('15:00'), kSoon).toBeLessThan(before - 10);
  });
});

describe('search', () => {
  it('finds by initial consonants and opens with the keyboard alone', async () => {
    const page = await visit(await serve());
    await page.waitForSelector('.attention .rows li');
    await page.keyboard.press('/');
    await page.keyboard.type('ㅁㅇㅇ');
    await page.waitForSelector('[role=option]');
    const found = await page.locator('[role=option]').allInnerTexts();
    const wanted = found.findIndex((words) => words.includes('망원역'));
    expect(wanted).toBeGreaterThanOrEqual(0);
    for (let n = 0; n < wanted; ++n) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.station-head h2');
    expect(page.url()).toMatch(/#\/seoul\/station\/ST-\d+$/);
    expect(await page.locator('.station-head h2').innerText()).toContain('망원');
  });
});

describe('a station', () => {
  it('can be linked to, and shows what is unknown as unknown', async () => {
    const url = await serve();
    const frozen = standin!.city.places.find((place) => place.isFrozen)!;
    const page = await visit(`${url}#/seoul/station/${frozen.id}`);
    await page.waitForSelector('.now .big');
    expect(await page.locator('.now .big').innerText()).toBe('?');
    expect(await page.locator('.now').innerText()).toContain('not observed for too long');
    await page.waitForSelector('.station .uplot');
    expect(await page.locator('.station .uplot').count()).toBe(3);
  });
});

describe('the table', () => {
  it('filters by address and downloads what it shows', async () => {
    const page = await visit(`${await serve()}#/seoul/stations?state=empty&sort=-duration`);
    await page.waitForSelector('.data tbody tr');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('.page-head button').click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^bikeflow-seoul-stations-2024-08-11T\d{4}\.csv$/);
    const lines = readFileSync((await download.path())!, 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^\uFEFFid,name,lat,lon,bikes,racks,state,/);
    expect(lines.slice(1).every((line) => line.includes(',empty,'))).toBe(true);
    expect(lines.length - 1).toBeGreaterThan(100);
  });
});

describe('history', () => {
  const shownHour = (page: Page) => page.locator('.player-hour b').innerText();
  const columnsAsked = () => standin!.requests.filter((path) => path.includes('/hour-columns')).length;

  const totalsAsked = () =>
    standin!.requests
      .filter((path) => path.includes('/totals'))
      .map((path) => new URL(path, 'http://x').searchParams)
      .map((of) => (Date.parse(of.get('to')!) - Date.parse(of.get('from')!)) / 86_400_000);

  it('plays a day that it asked for once, and leaves one step back', async () => {
    const url = await serve({ stations: 300 });
    const page = await visit(`${url}#/seoul`);
    await page.goto(`${url}#/seoul/history/2024-08-10T08`);
    await page.waitForSelector('.hour-table tbody tr');
    expect(await shownHour(page)).toBe('08:00 – 09:00');
    const rentals = () => page.locator('.hour-table .card-head b').first().innerText();
    const before = await rentals();
    await page.locator('.player select').selectOption('4');
    await page.locator('.player button.primary').click();
    await page.waitForFunction(() => location.hash.includes('T23'));
    await page.waitForFunction(() => document.querySelector('.player button.primary')!.textContent!.includes('Play'));
    expect(await rentals()).not.toBe(before);
    expect(columnsAsked()).toBe(1);
    expect(totalsAsked().at(-1)).toBe(1);
    expect(standin!.requests.some((path) => path.includes('/hours?'))).toBe(false);
    await page.goBack();
    expect(page.url()).toMatch(/#\/seoul$/);
  });

  it('goes hour by hour with keys alone', async () => {
    const page = await visit(`${await serve({ stations: 300 })}#/seoul/history/2024-08-10T08`);
    await page.waitForSelector('.hour-table tbody tr');
    await page.keyboard.press('ArrowRight');
    expect(await shownHour(page)).toBe('09:00 – 10:00');
    await page.keyboard.press('Home');
    expect(await shownHour(page)).toBe('00:00 – 01:00');
    await page.keyboard.press(' ');
    await page.waitForFunction(() => location.hash.includes('T02'));
    await page.keyboard.press(' ');
    const held = await shownHour(page);
    await page.waitForTimeout(1500);
    expect(await shownHour(page)).toBe(held);
    await page.locator('.player input[type=range]').focus();
    await page.keyboard.press('End');
    expect(await shownHour(page)).toBe('23:00 – 00:00');
  });

  it('says of an hour that the lake does not have that it is unknown, and shows no zero', async () => {
    const page = await visit(`${await serve({ stations: 300 })}#/seoul/history/2024-08-11T23`); // has not begun
    await page.waitForSelector('.player .tag.none');
    expect(await page.locator('.hour-table').innerText()).toContain('no rows for this hour');
    expect(await page.locator('.hour-table tbody tr').count()).toBe(0);
    expect(await page.locator('.day-strip .unknown').count()).toBe(2); // 22 runs, 23 is to come
  });

  it('says so where the lake has nothing lately, and lets one choose an earlier day', async () => {
    const page = await visit(`${await serve({ hasNoLake: true })}#/seoul/history`);
    await page.waitForFunction(() => document.body.innerText.includes('The lake has no hours of the last 8 days'));
    expect(totalsAsked()).toEqual([1, 8]);
    await page.locator('.player input[type=date]').fill('2024-07-01');
    await page.waitForFunction(() => location.hash.includes('history/2024-07-01T'));
  });

  it('goes by the windows that the system has, on the board too', async () => {
    const url = await serve({ stations: 300, windowMs: 900_000, speed: 1 });
    const page = await visit(`${url}#/seoul/history/2024-08-10T0815`);
    await page.waitForSelector('.hour-table tbody tr');
    expect(await shownHour(page)).toBe('08:15 – 08:30');
    const [row] = standin!.city.totals(Date.parse('2024-08-09T23:15:00Z'), Date.parse('2024-08-09T23:30:00Z'));
    expect(row!.end).toBe('2024-08-09T23:30:00Z');
    const sums = standin!.city.hours(Date.parse(row!.start), Date.parse(row!.end), null);
    const rentals = sums.reduce((all, { total_rental }) => all + total_rental, 0);
    expect(await page.locator('.hour-table .card-head b').first().innerText()).toBe(rentals.toLocaleString('en'));
    expect(await page.locator('.hour-table').innerText()).toContain('Rows of this window');
    await page.keyboard.press('ArrowRight');
    expect(await shownHour(page)).toBe('08:30 – 08:45');
    expect(page.url()).toContain('history/2024-08-10T0830');
    await page.keyboard.press('End');
    expect(await shownHour(page)).toBe('23:45 – 00:00');
    expect(await page.locator('.day-strip .known').count()).toBe(96);
    await page.goto(`${url}#/seoul/history/2024-08-10T0807?map=empty`);
    await page.waitForFunction(() => document.querySelector('.page-head')?.textContent?.includes('This address names no window'));
    expect(await shownHour(page)).toBe('22:00 – 22:15');
    const legend = async () => (await page.locator('.legend li').allInnerTexts()).map((words) => words.trim());
    await expect.poll(legend, kSoon).toEqual(['0', '<3.75 min', '<7.5 min', '<15 min', '15 min', 'unknown']);
    await page.goto(`${url}#/seoul`);
    await page.waitForFunction(() => document.querySelector('.figures')?.textContent?.includes('22:00–22:15: '));
    expect(await page.locator('.figures').innerText()).toMatch(/last week by 22:30: [0-9,]+ in the whole window/);
  });

  it('steps by the slide where windows overlap, and asks for a long day in parts', async () => {
    const url = await serve({ stations: 100, windowMs: 3_600_000, slideMs: 600_000, speed: 1 });
    const page = await visit(`${url}#/seoul/history/2024-08-10T0810`);
    await page.waitForSelector('.hour-table tbody tr');
    expect(await shownHour(page)).toBe('08:10 – 09:10');
    const start = Date.parse('2024-08-09T23:10:00Z');
    const rows = standin!.city.hours(start, start + 600_000, null);
    expect(rows[0]!.end).toBe('2024-08-10T00:10:00Z');
    const rentals = rows.reduce((all, { total_rental }) => all + total_rental, 0);
    expect(await page.locator('.hour-table .card-head b').first().innerText()).toBe(rentals.toLocaleString('en'));
    await page.keyboard.press('ArrowRight');
    expect(await shownHour(page)).toBe('08:20 – 09:20');
    await page.keyboard.press('Home');
    expect(await shownHour(page)).toBe('00:00 – 01:00');
    await page.keyboard.press('End');
    expect(await shownHour(page)).toBe('23:50 – 00:50');
    expect(await page.locator('.hour-table tbody tr').count()).toBeGreaterThan(0);
    expect(await page.locator('.day-strip .known').count()).toBe(144);
    expect(standin!.requests.filter((path) => path.includes('/hour-columns')).map((path) => path.split('?')[1])).toEqual([
      'from=2024-08-09T15:00:00Z&to=2024-08-10T07:40:00Z',
      'from=2024-08-10T07:40:00Z&to=2024-08-10T15:00:00Z',
    ]);
    await page.getByRole('button', { name: 'Latest window' }).click();
    expect(await shownHour(page)).toBe('21:20 – 22:20');
  });

  it('goes on by the windows of a server that was started with others', async () => {
    const url = await serve({ stations: 300 });
    const page = await visit(url);
    await page.goto(`${url}#/seoul/history/2024-08-10T08`);
    await page.waitForSelector('.hour-table tbody tr');
    await page.route('**/api/v1/about', async (route) => {
      const about = (await (await route.fetch()).json()) as About;
      await route.fulfill({ json: { ...about, systems: about.systems.map((of) => ({ ...of, window_s: 900, slide_s: 900 })) } });
    });
    standin!.dropStreams(); // the page looks who is there when it is back
    await expect.poll(() => shownHour(page), kSoon).toBe('08:00 – 08:15');
    await page.waitForFunction(() => document.querySelector('.hour-table')?.textContent?.includes('Rows of this window'));
    expect(await page.locator('.player input[type=range]').getAttribute('max')).toBe('95');
    await expect.poll(columnsAsked, kSoon).toBe(2); // what was kept is of other windows
  });

  it('says of a day that does not come that it does not, plays none of it, and asks again when told to', async () => {
    const url = await serve({ stations: 300 });
    const page = await visit(url);
    let isCut = true;
    await page.route('**/hour-columns*', (route) => (isCut ? route.abort() : route.continue()));
    await page.goto(`${url}#/seoul/history/2024-08-10T08`);
    await page.waitForFunction(() => document.querySelector('.player .tag')?.textContent === 'this day could not be loaded');
    expect(await page.locator('.player button.primary').isDisabled()).toBe(true);
    expect(await page.locator('.legend').innerText()).not.toContain('no data in this hour');
    isCut = false;
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.waitForSelector('.hour-table tbody tr');
    expect(await page.locator('.player button.primary').isDisabled()).toBe(false);
  });

  it('takes no year that is typed in part', async () => {
    const page = await visit(`${await serve({ stations: 300 })}#/seoul/history/2024-08-10T08`);
    await page.waitForSelector('.hour-table tbody tr');
    await page.locator('.player input[type=date]').fill('0002-08-10');
    await page.waitForTimeout(300);
    expect(page.url()).toContain('history/2024-08-10T08');
  });
});

describe('the way in', () => {
  it('asks for a token once and keeps it for the tab', async () => {
    const page = await visit(await serve({ token: 'right' }));
    await page.waitForSelector('dialog[open]');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog [role=alert]');
    await page.locator('dialog input').fill('right');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.attention .rows li');
    await page.reload();
    await page.waitForSelector('.attention .rows li');
    expect(await page.locator('dialog[open]').count()).toBe(0);
  });
  it('lets one choose where there are several systems', async () => {
    const page = await visit(await serve({ systems: 12, stations: 50 }));
    await page.waitForSelector('.systems li');
    expect(await page.locator('.systems li').count()).toBe(12);
    standin!.systems = 13; // one that is new
    await expect.poll(() => page.locator('.systems li').count(), kSoon).toBe(13);
    await page.locator('.systems a').nth(1).click();
    await page.waitForFunction(() => location.hash === '#/system-1');
    await page.waitForSelector('.attention .rows li');
  });
  it('keeps the language and the theme', async () => {
    const page = await visit(await serve());
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('button', { name: '어두운 테마' }).click();
    await page.reload();
    await page.waitForSelector('html[lang=ko][data-theme=dark]');
    expect(await page.locator('.pages').innerText()).toContain('실시간');
  });
  it('waits for a server that does not answer yet', async () => {
    const url = await serve();
    standin!.isDown = true;
    const page = await visit(url);
    await page.waitForFunction(() => document.body.innerText.includes('starting; try again'));
    standin!.isDown = false;
    await page.waitForSelector('.attention .rows li', { timeout: 15_000 });
  });
});

describe('everyone', () => {
  const kShows: Record<string, string> = {
    '#/seoul': '.flow .uplot',
    '#/seoul/stations': '.data tbody tr',
    '#/seoul/station/ST-4': '.station .uplot',
    '#/seoul/history/2024-08-11T08': '.data tbody tr',
  };
  const kRoutes = Object.keys(kShows);
  for (const [name, options] of [
    ['light, English, wide', { colorScheme: 'light', locale: 'en-GB' }],
    ['dark, Korean, phone', { colorScheme: 'dark', locale: 'ko-KR', viewport: kPhone, hasTouch: true, isMobile: true }],
  ] as const) {
    it(`can use it: ${name}`, async () => {
      const url = await serve({ stations: 800 });
      const page = await visit(url, options);
      for (const route of kRoutes) {
        await page.goto(url + route);
        await page.waitForSelector(kShows[route]!);
        expect(await axeFaults(page), route).toEqual([]);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, route).toBeLessThanOrEqual(0);
      }
    });
  }
});
