import { describe, expect, it } from 'vitest';

import type { ColumnsOfHour, HourColumnsAnswer } from '../api/types.ts';
import { hourClass, kUnknownClass, secondsOf } from './classes.ts';
import { Day, kColumns, keysOf, partsOf } from './day.ts';

function hour(start: string, rentals: (number | null)[], of: Partial<ColumnsOfHour> = {}): ColumnsOfHour {
  const columns = Object.fromEntries(kColumns.map((name) => [name, rentals.map((n) => (n === null ? null : 0))]));
  const end = new Date(Date.parse(start) + 3_600_000).toISOString();
  return { ...columns, start, end, state: 'final', why: null, total_rental: rentals, ...of } as ColumnsOfHour;
}

const kAt = [0, 1, 2].map((n) => Date.parse('2024-08-11T13:00:00Z') + n * 3_600_000) as [number, number, number];
const answer: HourColumnsAnswer = {
  stations: ['a', 'b', 'b'],
  hours: [
    hour('2024-08-11T13:00:00Z', [3, null, null], { total_return: [5, null, null], bikes_close: [2, null, null] }),
    hour('2024-08-11T14:00:00Z', [0, 2, 4], { state: 'waiting', why: 'a wait' }),
  ],
};

describe('a day of the lake', () => {
  const day = new Day([answer]);

  it('has the rows of each hour', () => {
    expect(day.rows(kAt[0])).toMatchObject([{ stationId: 'a', total_rental: 3, total_return: 5, bikes_close: 2 }]);
    expect(day.rows(kAt[1]).map((row) => [row.stationId, row.total_rental])).toEqual([['a', 0], ['b', 2], ['b', 4]]);
    expect(day.rows(kAt[1])[0]).toMatchObject({ start: '2024-08-11T14:00:00Z' });
    expect(day.rows(kAt[1])).toBe(day.rows(kAt[1])); // made once
  });

  it('leaves unknown what has no row, and makes no zero of it', () => {
    expect(day.byStation(kAt[0]).get('b')).toBeUndefined();
    expect(hourClass(day.byStation(kAt[0]).get('b'), 'net', 10)).toBe(kUnknownClass);
    expect(hourClass(day.byStation(kAt[1]).get('a'), 'net', 10)).not.toBe(kUnknownClass);
    expect(day.rows(kAt[2])).toEqual([]);
    expect(day.sum(kAt[2])).toBeNull();
  });

  it('takes the rows of a station that moved together', () => {
    expect(day.byStation(kAt[1]).get('b')?.total_rental).toBe(6);
  });

  it('may come in parts, each with its own stations', () => {
    const parts = new Day([
      { stations: ['a'], hours: [hour('2024-08-11T13:00:00Z', [3])] },
      { stations: ['c', 'a'], hours: [hour('2024-08-11T14:00:00Z', [1, 2])] },
    ]);
    expect(parts.rows(kAt[0]).map((row) => [row.stationId, row.total_rental])).toEqual([['a', 3]]);
    expect(parts.rows(kAt[1]).map((row) => [row.stationId, row.total_rental])).toEqual([['c', 1], ['a', 2]]);
    expect(parts.sum(kAt[1])).toMatchObject({ stations: 2, rentals: 3 });
  });

  it('tells the rows of a station apart', () => {
    const keys = [...keysOf(new Day([{ ...answer, hours: [hour('2024-08-11T14:00:00Z', [0, 2, 2])] }]).rows(kAt[1])).values()];
    expect(new Set(keys).size).toBe(3);
  });

  it('adds up, and knows what is final', () => {
    expect(day.sum(kAt[0])).toEqual({ stations: 1, rentals: 3, returns: 5, state: 'final', why: null });
    expect(day.sum(kAt[1])).toMatchObject({ stations: 2, rentals: 6, state: 'waiting', why: 'a wait' });
    expect(day.isFinal([kAt[0]])).toBe(true);
    expect(day.isFinal([kAt[0], kAt[1]])).toBe(false);
    expect(day.isFinal([kAt[0], kAt[2]])).toBe(false);
  });
});

describe('the parts of a day', () => {
  const starts = Array.from({ length: 288 }, (_, n) => n);
  const sizes = (stations: number) => partsOf(starts, stations).map((part) => part.length);
  it('are as large as one answer may be of so many stations, and leave nothing out', () => {
    expect([0, 300, 3600].map((stations) => sizes(stations))).toEqual([[100, 100, 88], [100, 100, 88], [100, 100, 88]]);
    expect(sizes(4000)).toEqual([90, 90, 90, 18]);
    for (const stations of [4000, 20_000, 90_000]) {
      expect(Math.max(...sizes(stations)) * stations).toBeLessThanOrEqual(400_000);
      expect(partsOf(starts, stations).flat()).toEqual(starts);
    }
    expect(new Set(sizes(1_000_000))).toEqual(new Set([1]));
  });
});

describe('how long a station was empty or full', () => {
  const row = (observed: number, full: number) =>
    new Day([{
      stations: ['a'],
      hours: [hour('2024-08-11T13:00:00Z', [0], { observed_seconds: [observed], full_seconds: [full] })],
    }]).rows(kAt[0])[0]!;
  it('is unknown where little was seen, and not never', () => {
    expect([1799, 1800].map((seen) => secondsOf(row(seen, 0), 'empty', 10))).toEqual([null, 0]);
    expect([1799, 1800].map((seen) => secondsOf(row(seen, 0), 'full', 10))).toEqual([null, 0]);
    expect(secondsOf(row(600, 300), 'full', 10)).toBe(300);
    expect(hourClass(row(0, 0), 'empty', 10)).toBe(kUnknownClass);
    expect(hourClass(row(3600, 0), 'empty', 10)).toBe(1);
  });
  it('is unknown without racks, where it was not seen to be full', () => {
    expect([null, 0].map((racks) => secondsOf(row(3600, 0), 'full', racks))).toEqual([null, null]);
    expect(secondsOf(row(3600, 60), 'full', null)).toBe(60);
    expect(secondsOf(row(3600, 0), 'empty', null)).toBe(0);
    expect(hourClass(row(3600, 0), 'full', null)).toBe(kUnknownClass);
  });
});

describe('the class of a time', () => {
  const classOf = (end: string, seconds: number) => {
    const of = hour('2024-08-11T13:00:00Z', [0], { end, observed_seconds: [3600], empty_seconds: [seconds] });
    return hourClass(new Day([{ stations: ['a'], hours: [of] }]).rows(kAt[0])[0], 'empty', 10);
  };
  it('goes by the share of the window, however long that is', () => {
    const ofAnHour = [0, 1, 899, 900, 1799, 1800, 3599, 3600].map((s) => classOf('2024-08-11T14:00:00Z', s));
    expect(ofAnHour).toEqual([1, 2, 2, 3, 3, 4, 4, 5]);
    const ofAQuarter = [0, 1, 224, 225, 449, 450, 899, 900].map((s) => classOf('2024-08-11T13:15:00Z', s));
    expect(ofAQuarter).toEqual([1, 2, 2, 3, 3, 4, 4, 5]);
  });
});

describe('how full a station was at the end of an hour', () => {
  const of = (bikes: number, racks: number | null) =>
    hourClass(new Day([{ stations: ['a'], hours: [hour('2024-08-11T13:00:00Z', [0], { bikes_close: [bikes] })] }]).byStation(kAt[0]).get('a'), 'fill', racks);
  it('is by its racks', () => {
    expect([of(0, 10), of(1, 10), of(5, 10), of(9, 10), of(10, 10), of(4, null)]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
