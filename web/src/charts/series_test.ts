import { describe, expect, it } from 'vitest';

import { hourBars, isComparable, kHourMs, lastFinal, lastStarts, steps } from './series.ts';

const at = (time: string) => Date.parse(`2024-08-11T${time}Z`);
const seconds = (time: string) => at(time) / 1000;
const iso = (time: string) => `2024-08-11T${time}Z`;

describe('steps', () => {
  const points = [
    { at: iso('02:00:00'), bikes: 5 },
    { at: iso('04:00:00'), bikes: 3 },
    { at: iso('09:00:00'), bikes: 7 },
  ];
  const answer = (gaps: [string, string][], lastSeen = '12:00:00') => ({
    now: iso('12:00:00'),
    known_from: iso('02:00:00'),
    points,
    gaps: gaps.map(([from, to]) => ({ from: iso(from), to: iso(to) })),
    last_seen: iso(lastSeen),
  });

  it('hold from a point to the next, up to where it was last seen', () => {
    const series = steps(answer([], '11:00:00'));
    expect(series.x).toEqual(['02:00:00', '04:00:00', '09:00:00', '11:00:00'].map(seconds));
    expect(series.y).toEqual([5, 3, 7, 7]);
  });
  it('are unknown before the first observation', () => {
    expect(steps(answer([])).unknown[0]).toEqual({ from: at('12:00:00') / 1000 - 86_400, to: seconds('02:00:00') });
  });
  it('never cross a gap', () => {
    const series = steps(answer([['05:00:00', '07:00:00']]));
    const gapAt = series.x.indexOf(seconds('05:00:00'));
    expect(series.y[gapAt]).toBe(3);
    expect(series.y[gapAt + 1]).toBeNull();
    // Seen again with the same count: no point of its own, but it is known from there on.
    expect(series.x[gapAt + 2]).toBe(seconds('07:00:00'));
    expect(series.y[gapAt + 2]).toBe(3);
    expect(series.unknown.at(-1)).toEqual({ from: seconds('05:00:00'), to: seconds('07:00:00') });
  });
  it('go on after a gap with the point that ends it', () => {
    const series = steps(answer([['05:00:00', '09:00:00']]));
    expect(series.x.filter((x) => x === seconds('09:00:00'))).toHaveLength(1);
    expect(series.y.slice(-2)).toEqual([7, 7]);
  });
  it('end with a gap that lasts until now', () => {
    const series = steps(answer([['10:00:00', '12:00:00']], '10:00:00'));
    expect(series.y.at(-1)).toBeNull();
    expect(series.unknown.at(-1)).toEqual({ from: seconds('10:00:00'), to: seconds('12:00:00') });
  });
  it('are nothing where nothing was seen', () => {
    const series = steps({ now: iso('12:00:00'), known_from: null, points: [], gaps: [], last_seen: null });
    expect(series.x).toEqual([]);
    expect(series.unknown).toHaveLength(1);
  });
});

describe('bars', () => {
  const row = (start: string, rentals: number, returns: number) => ({
    start,
    end: new Date(Date.parse(start) + kHourMs).toISOString(),
    total_rental: rentals,
    total_return: returns,
    unobserved_change: 0,
    observed_seconds: 3600,
    empty_seconds: 60,
    full_seconds: 0,
  });
  const zone = 'Asia/Seoul';

  it('have last week beside them, and stay unknown where there is no row', () => {
    const bars = hourBars(
      [at('10:00:00'), at('11:00:00'), at('12:00:00')],
      kHourMs,
      [row(iso('10:00:00'), 3, 4)],
      [row('2024-08-04T10:00:00Z', 1, 2), row('2024-08-04T11:00:00Z', 5, 6)],
      zone,
      { start: at('12:00:00'), rentals: 7, returns: 8 },
    );
    expect(bars[0]).toMatchObject({ rentals: 3, returns: 4, lastRentals: 1, lastReturns: 2, isProvisional: false });
    expect(bars[1]).toMatchObject({ rentals: null, returns: null, lastRentals: 5, emptySeconds: null });
    expect(bars[2]).toMatchObject({ rentals: 7, returns: 8, isProvisional: true, lastRentals: null });
  });
  it('add up two rows of one hour', () => {
    const [bar] = hourBars([at('10:00:00')], kHourMs, [row(iso('10:00:00'), 3, 4), row(iso('10:00:00'), 1, 1)], [], zone, null);
    expect(bar).toMatchObject({ rentals: 4, returns: 5, emptySeconds: 120 });
  });
  it('are compared only where both hours are final and were seen for nearly all of their time', () => {
    const hour = (of: object) => ({ ...row(iso('10:00:00'), 3, 4), stations: 10, observed_seconds: 36_000, state: 'final', ...of }) as const;
    const before = (of: object) => ({ ...hour(of), start: '2024-08-04T10:00:00Z', end: '2024-08-04T11:00:00Z' });
    const comparable = (now: object, last: object) =>
      isComparable(hourBars([at('10:00:00')], kHourMs, [hour(now)] as never, [before(last)] as never, zone, null)[0]!);
    expect(comparable({}, {})).toBe(true);
    expect(comparable({ observed_seconds: 32_000 }, {})).toBe(false);
    expect(comparable({}, { observed_seconds: 20_000 })).toBe(false);
    expect(comparable({}, { stations: 20, observed_seconds: 72_000 })).toBe(false); // half of them are not seen now
    expect(comparable({}, { state: 'waiting' })).toBe(false);
    expect(isComparable(hourBars([at('10:00:00')], kHourMs, [hour({})] as never, [], zone, null)[0]!)).toBe(false);
  });
  it('are of windows as short as they are', () => {
    const quarter = (start: string, end: string) => ({ ...row(start, 3, 4), end, observed_seconds: 900, state: 'final', stations: 1 });
    const [bar, other] = hourBars(
      [at('10:00:00'), at('10:15:00')],
      kHourMs / 4,
      [quarter(iso('10:00:00'), iso('10:15:00')), quarter(iso('10:05:00'), iso('10:20:00'))] as never,
      [quarter('2024-08-04T10:00:00Z', '2024-08-04T10:15:00Z')] as never,
      zone,
      null,
    );
    expect(bar).toMatchObject({ end: at('10:15:00'), rentals: 3, lastRentals: 3, seen: 1 });
    expect(other).toMatchObject({ start: at('10:15:00'), rentals: null }); // and not of one that overlaps
  });
  it('say which hour is the last that is final', () => {
    const rows = [row(iso('10:00:00'), 3, 4), { ...row(iso('11:00:00'), 5, 6), state: 'waiting' as const, why: 'w' }];
    const starts = [at('10:00:00'), at('11:00:00'), at('12:00:00')];
    const bars = hourBars(starts, kHourMs, rows, [], zone, { start: at('12:00:00'), rentals: 7, returns: 8 });
    expect(lastFinal(bars)?.start).toBe(at('10:00:00'));
    expect(lastFinal([])).toBeNull();
  });
  it('are provisional while the hour is not final', () => {
    const [bar] = hourBars(
      [at('10:00:00')],
      kHourMs,
      [{ ...row(iso('10:00:00'), 3, 4), state: 'waiting', why: 'w' }],
      [],
      zone,
      null,
    );
    expect(bar).toMatchObject({ isProvisional: true, why: 'w' });
  });
});

describe('the last hours', () => {
  it('end with the one that runs, at :30 where the zone has it so', () => {
    expect(lastStarts(at('12:40:00'), 2, at('10:00:00'), kHourMs)).toEqual([at('11:00:00'), at('12:00:00')]);
    expect(lastStarts(at('12:40:00'), 2, at('03:30:00'), kHourMs)).toEqual([at('11:30:00'), at('12:30:00')]);
    expect(lastStarts(at('12:20:00'), 1, at('03:30:00'), kHourMs)).toEqual([at('11:30:00')]);
    expect(lastStarts(at('12:20:00'), 2, at('10:00:00'), kHourMs / 4)).toEqual([at('12:00:00'), at('12:15:00')]);
  });
});
