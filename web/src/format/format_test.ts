import { describe, expect, it } from 'vitest';

import { csv } from './csv.ts';
import { changePercent, minutes, percent, signed, whole } from './numbers.ts';
import * as times from './times.ts';

const at = Date.parse;
const kSeoul = 'Asia/Seoul';
const kNewYork = 'America/New_York';
const kKolkata = 'Asia/Kolkata';
const kHourMs = 3_600_000;

describe('times', () => {
  it("are told in the system's zone", () => {
    const t = at('2024-08-11T13:30:05Z');
    expect(times.clockTimeSeconds(t, kSeoul)).toBe('22:30:05');
    expect(times.clockTime(t, kNewYork)).toBe('09:30');
    expect(times.clockTime(t, kKolkata)).toBe('19:00');
    expect(times.isoDate(at('2024-08-11T15:00:00Z'), kSeoul)).toBe('2024-08-12');
    expect(times.clockTime(at('2024-08-11T15:00:00Z'), kSeoul)).toBe('00:00'); // not 24:00
    expect(times.zoneOffset(t, kSeoul)).toBe('GMT+9');
    expect(times.zoneOffset(t, kNewYork)).toBe('GMT-4');
    expect(times.zoneOffset(at('2024-01-11T13:30:00Z'), kNewYork)).toBe('GMT-5');
  });
  it('change with the clocks, to the second', () => {
    const change = at('2024-11-03T06:00:00Z');
    expect(times.clockTimeSeconds(change - 1, kNewYork)).toBe('01:59:59');
    expect(times.clockTimeSeconds(change, kNewYork)).toBe('01:00:00');
    const byHalfAnHour = at('2024-04-06T15:00:00Z');
    expect(times.clockTimeSeconds(byHalfAnHour - 1, 'Australia/Lord_Howe')).toBe('01:59:59');
    expect(times.clockTimeSeconds(byHalfAnHour, 'Australia/Lord_Howe')).toBe('01:30:00');
    expect(times.clockTimeSeconds(at('2024-08-11T13:31:59Z'), 'Asia/Kathmandu')).toBe('19:16:59');
    expect(times.clockTimeSeconds(at('1960-01-01T00:00:00Z'), kKolkata)).toBe('05:30:00');
  });
  it('name the day where it is another one', () => {
    const now = at('2024-08-11T13:30:00Z');
    expect(times.timeNear(at('2024-08-11T12:00:00Z'), now, kSeoul, 'en')).toBe('21:00');
    expect(times.timeNear(at('2024-08-10T12:00:00Z'), now, kSeoul, 'en')).toMatch(/10 Aug.* 21:00$/);
    expect(times.timeNear(at('2024-08-10T12:00:00Z'), now, kSeoul, 'ko')).toMatch(/8월 10일.* 21:00$/);
  });
  it('find the instant of a local hour', () => {
    expect(times.instantOf(2024, 8, 11, 22, kSeoul)).toBe(at('2024-08-11T13:00:00Z'));
    expect(times.instantOf(2024, 8, 11, 19, kKolkata)).toBe(at('2024-08-11T13:30:00Z'));
    expect(times.instantOf(2024, 3, 10, 12, kNewYork)).toBe(at('2024-03-10T16:00:00Z'));
    expect(times.instantOf(2024, 11, 3, 1, kNewYork)).toBe(at('2024-11-03T05:00:00Z')); // the first of two
    expect(times.instantOf(2024, 3, 10, 2, kNewYork)).toBe(at('2024-03-10T07:00:00Z')); // there is none: 03:00
  });
  it('count the hours of days with a clock change', () => {
    expect(times.startsOfDay('2024-08-11', kSeoul, kHourMs)).toHaveLength(24);
    expect(times.startsOfDay('2024-03-10', kNewYork, kHourMs)).toHaveLength(23);
    expect(times.startsOfDay('2024-11-03', kNewYork, kHourMs)).toHaveLength(25);
    expect(times.startsOfDay('2024-08-11', kSeoul, kHourMs)[0]).toBe(at('2024-08-10T15:00:00Z'));
  });
  it('take no date that is typed in part, nor one to come', () => {
    const is = (date: string) => times.isDayOf(date, '2024-08-11');
    expect(['0002-08-11', '0202-08-11', '1970-01-01', '2024-08-12', '', '2024-8-1'].filter(is)).toEqual([]);
    expect(['1970-01-02', '2024-08-11'].every(is)).toBe(true);
    expect(times.isDayOf('2024-08-12', undefined)).toBe(true);
  });
  it('find the same hour a week ago by the local clock', () => {
    expect(times.shiftDays(at('2024-08-11T13:00:00Z'), -7, kSeoul)).toBe(at('2024-08-04T13:00:00Z'));
    // 12:00 in New York on both sides of the change
    expect(times.shiftDays(at('2024-03-13T16:00:00Z'), -7, kNewYork)).toBe(at('2024-03-06T17:00:00Z'));
  });
  it('go into addresses and back', () => {
    const t = at('2024-08-10T23:00:00Z');
    expect(times.hourKey(t, kSeoul)).toBe('2024-08-11T08');
    expect(times.parseHourKey('2024-08-11T08', kSeoul, kHourMs)).toBe(t);
    expect(times.parseHourKey('2024-02-30T08', kSeoul, kHourMs)).toBeNull();
    expect(times.parseHourKey('2024-08-11T24', kSeoul, kHourMs)).toBeNull();
    expect(times.parseHourKey('yesterday', kSeoul, kHourMs)).toBeNull();
    expect(times.parseHourKey('0002-08-11T08', kSeoul, kHourMs)).toBeNull(); // and not 1902
  });
  it('are none where no window starts', () => {
    const parse = (key: string, slideMs: number) => times.parseHourKey(`2024-08-11T${key}`, kSeoul, slideMs);
    expect(['0815', '0807'].map((key) => parse(key, kHourMs))).toEqual([null, null]);
    expect(parse('0815', kHourMs / 4)).toBe(at('2024-08-10T23:15:00Z'));
    expect(parse('0807', kHourMs / 4)).toBeNull();
  });
  it('tell the hours of days with a clock change apart in addresses', () => {
    for (const day of ['2024-03-10', '2024-11-03']) {
      const hours = times.startsOfDay(day, kNewYork, kHourMs);
      const keys = hours.map((hour) => times.hourKey(hour, kNewYork));
      expect(keys.map((key) => times.parseHourKey(key, kNewYork, kHourMs))).toEqual(hours);
    }
    const quarters = times.startsOfDay('2024-11-03', kNewYork, kHourMs / 4);
    expect(quarters).toHaveLength(100);
    expect(quarters.map((start) => times.parseHourKey(times.hourKey(start, kNewYork), kNewYork, kHourMs / 4))).toEqual(quarters);
    expect(times.hourKey(at('2024-11-03T06:15:00Z'), kNewYork)).toBe('2024-11-03T0115~2');
    expect(times.parseHourKey('2024-08-11T0860', kSeoul, kHourMs)).toBeNull();
    expect(times.hourKey(at('2024-11-03T06:00:00Z'), kNewYork)).toBe('2024-11-03T01~2');
    expect(times.parseHourKey('2024-11-03T02~2', kNewYork, kHourMs)).toBeNull(); // there is one
  });
});

describe('spans', () => {
  const s = 1000;
  it('have at most two units and are rounded down', () => {
    expect(times.span(45.9 * s, 'en')).toBe('45 s');
    expect(times.span(60 * s, 'en')).toBe('1 min');
    expect(times.span(3599 * s, 'en')).toBe('59 min');
    expect(times.span(3600 * s, 'en')).toBe('1 h');
    expect(times.span(11_100 * s, 'en')).toBe('3 h 5 min');
    expect(times.span(187_200 * s, 'en')).toBe('2 d 4 h');
    expect(times.span(11_100 * s, 'ko')).toBe('3시간 5분');
    expect(times.span(45 * s, 'ko')).toBe('45초');
  });
  it('are never negative', () => {
    expect(times.span(-5 * s, 'en')).toBe('0 s');
  });
});

describe('numbers', () => {
  it('tell the unknown from 0', () => {
    expect(whole(null)).toBe('–');
    expect(whole(undefined)).toBe('–');
    expect(whole(0)).toBe('0');
    expect(whole(38211)).toBe('38,211');
    expect(signed(null)).toBe('–');
    expect(signed(-2)).toBe('−2');
    expect(signed(3)).toBe('+3');
    expect(signed(0)).toBe('0');
    expect(percent(1, 0)).toBe('–');
    expect(percent(1, 3)).toBe('33 %');
    expect([changePercent(105, 100), changePercent(90, 100), changePercent(7, 7), changePercent(7, 0)]).toEqual([
      '+5 %', '−10 %', '0 %', '–',
    ]);
    expect(minutes(null)).toBe('–');
    expect(minutes(0)).toBe('0');
    expect(minutes(20)).toBe('<1');
    expect(minutes(3600)).toBe('60');
  });
});

describe('CSV', () => {
  it('quotes what needs it, and leaves the unknown empty', () => {
    expect(csv(['id', 'name', 'bikes'], [['ST-4', '망원역, "앞"', null], ['5', 'a\nb', 0]])).toBe(
      '\uFEFFid,name,bikes\r\nST-4,"망원역, ""앞""",\r\n5,"a\nb",0\r\n',
    );
  });
  it('writes no text that a spreadsheet would run', () => {
    expect(csv(['n'], [['=1+1'], ['-2'], [-2], ['@x'], [true]])).toBe("\uFEFFn\r\n'=1+1\r\n'-2\r\n-2\r\n'@x\r\ntrue\r\n");
  });
});
