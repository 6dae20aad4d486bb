import { describe, expect, it } from 'vitest';

import type { Movement, SystemState } from '../api/types.ts';
import { ServerClock } from './clock.ts';
import { kMovementsKept, LiveModel } from './model.ts';
import { sampleStation } from './sample.ts';
import { countOf, fillOf, isSameStanding, shareOf, standingOf } from './standing.ts';
import { readStation } from './station.ts';

const kNow = Date.parse('2024-08-11T13:30:10Z');
const kStale = 600_000;

const kState: SystemState = {
  now: '2024-08-11T13:30:10Z',
  speed: 1,
  data_at: null,
  bikes: null,
  stations: { known: 0, empty: 0, full: 0, stale: 0 },
  hour: null,
  last_week: null,
  waits: [],
  feed: null,
};

function movement(second: number, id = 'ST-4', change = -1): Movement {
  return { at: new Date(Date.UTC(2024, 7, 11, 13, 0, second)).toISOString(), id, change, bikes: 3 };
}

describe('a station as it is read', () => {
  it('has its number apart from its name', () => {
    expect(readStation(sampleStation())).toMatchObject({ number: '102', title: '망원역 1번출구 앞' });
    expect(readStation(sampleStation({ name: '3.1운동 기념관' }))).toMatchObject({ number: '3', title: '1운동 기념관' });
    expect(readStation(sampleStation({ name: 'Market St' }))).toMatchObject({ number: null, title: 'Market St' });
    expect(readStation(sampleStation({ name: null }))).toMatchObject({ number: null, title: 'ST-4' });
    expect(readStation(sampleStation({ name: ' ' })).title).toBe('ST-4');
  });
  it('keeps unknown times unknown', () => {
    expect(readStation(sampleStation({ observed_at: null })).observedMs).toBeNull();
    expect(readStation(sampleStation({ observed_at: 'soon' })).observedMs).toBeNull();
  });
});

describe('standing', () => {
  const of = (station: Parameters<typeof sampleStation>[0], now = kNow, isConnected = true) =>
    standingOf(readStation(sampleStation(station)), now, kStale, isConnected);

  it('is known while the observation is young enough', () => {
    expect(of({})).toEqual({ isKnown: true, fill: 'some', bikes: 5 });
    expect(of({ bikes: 0, fill: 'empty' })).toEqual({ isKnown: true, fill: 'empty', bikes: 0 });
  });
  it('is unknown, and never 0 or empty, else', () => {
    const observed = Date.parse('2024-08-11T13:30:00Z');
    expect(of({}, observed + kStale).isKnown).toBe(true);
    expect(of({}, observed + kStale + 1)).toEqual({ isKnown: false, why: 'old' });
    expect(of({ is_read: false })).toEqual({ isKnown: false, why: 'unread' });
    expect(of({ bikes: null, fill: null })).toEqual({ isKnown: false, why: 'never' });
    expect(of({ observed_at: null })).toEqual({ isKnown: false, why: 'never' });
    expect(of({}, kNow, false)).toEqual({ isKnown: false, why: 'lost' });
  });
  it('is the same while nothing that is shown of it is another', () => {
    const same = (a: Parameters<typeof of>[0], b: Parameters<typeof of>[0]) => isSameStanding(of(a), of(b));
    expect(same({}, { observed_at: '2024-08-11T13:30:05Z' })).toBe(true);
    expect(same({}, { bikes: 6 })).toBe(false);
    expect(same({}, { fill: 'full' })).toBe(false);
    expect(same({ is_read: false }, { is_read: false, bikes: 6 })).toBe(true);
    expect(same({ is_read: false }, { bikes: null })).toBe(false);
    expect(same({}, { is_read: false })).toBe(false);
    expect(same({ is_read: false }, {})).toBe(false);
    expect(isSameStanding(of({}), undefined)).toBe(false);
  });
  it('counts nothing as 0 while every station is unknown', () => {
    const old = of({}, kNow + kStale);
    expect(countOf([of({}), old])).toEqual({ known: 2, empty: 0, full: 0, stale: 1 });
    expect(countOf([of({ bikes: 0, fill: 'empty' }), of({})])).toEqual({ known: 2, empty: 1, full: 0, stale: 0 });
    expect(countOf([old, old])).toEqual({ known: 2, empty: null, full: null, stale: 2 });
    expect(countOf([])).toEqual({ known: 0, empty: null, full: null, stale: 0 });
  });
  it('is full only where racks are known', () => {
    expect(fillOf(15, 15)).toBe('full');
    expect(fillOf(20, 0)).toBe('some');
    expect(fillOf(20, null)).toBe('some');
    expect(fillOf(0, null)).toBe('empty');
    expect(shareOf(5, null)).toBeNull();
    expect(shareOf(20, 10)).toBe(1);
    expect(shareOf(0, null)).toBe(0);
  });
});

describe('the model', () => {
  const snapshot = (...ids: string[]) =>
    ({
      name: 'snapshot',
      data: { now: '2024-08-11T13:30:00Z', stations: ids.map((id) => sampleStation({ id })) },
    }) as const;

  it('is what the snapshot says, and then what changed', () => {
    const model = new LiveModel();
    expect(model.apply(snapshot('a', 'b'))).toMatchObject({ isSnapshot: true, stations: true, positions: true });
    const change = model.apply({
      name: 'stations',
      data: { now: '2024-08-11T13:31:00Z', stations: [sampleStation({ id: 'b', bikes: 0, fill: 'empty' })] },
    });
    expect(change).toMatchObject({ stations: true, positions: false, isSnapshot: false });
    expect(model.stations.get('a')?.bikes).toBe(5);
    expect(model.stations.get('b')?.bikes).toBe(0);
    expect(model.now).toBe(Date.parse('2024-08-11T13:31:00Z'));
  });
  it('says when the points of the map have to be made anew', () => {
    const model = new LiveModel();
    model.apply(snapshot('a'));
    const apply = (of: Parameters<typeof sampleStation>[0]) =>
      model.apply({ name: 'stations', data: { now: '2024-08-11T13:31:00Z', stations: [sampleStation(of)] } }).positions;
    expect(apply({ id: 'a', bikes: 2 })).toBe(false);
    expect(apply({ id: 'a', bikes: 2, racks: 20 })).toBe(true);
    expect(apply({ id: 'new' })).toBe(true);
  });
  it('takes what was seen again as it was for fresh', () => {
    const model = new LiveModel();
    model.apply(snapshot('a', 'b'));
    const change = model.apply({
      name: 'seen',
      data: { now: '2024-08-11T13:45:10Z', seen: [{ at: '2024-08-11T13:45:00Z', ids: ['a', 'unheard of'] }] },
    });
    expect(change).toMatchObject({ stations: true, positions: false });
    const now = Date.parse('2024-08-11T13:45:10Z');
    expect(model.now).toBe(now);
    expect(standingOf(model.stations.get('a')!, now, kStale, true)).toMatchObject({ isKnown: true, bikes: 5 });
    expect(standingOf(model.stations.get('b')!, now, kStale, true)).toEqual({ isKnown: false, why: 'old' });
    expect(model.stations.size).toBe(2);
  });
  it('forgets with a new snapshot what that does not have', () => {
    const model = new LiveModel();
    model.apply(snapshot('a', 'b'));
    model.apply(snapshot('b', 'c'));
    expect([...model.stations.keys()]).toEqual(['b', 'c']);
  });
  it('goes on after a resumed stream without a snapshot, and takes nothing twice', () => {
    const model = new LiveModel();
    model.apply(snapshot('a'));
    model.apply({ name: 'movements', data: { movements: [movement(1), movement(2)] } });
    expect(model.apply({ name: 'movements', data: { movements: [movement(2), movement(3)] } }).movements).toBe(true);
    expect(model.movements.map(({ at }) => at.slice(17, 19))).toEqual(['01', '02', '03']);
    expect(model.apply({ name: 'movements', data: { movements: [movement(3)] } }).movements).toBe(false);
    expect(model.stations.size).toBe(1);
  });
  it('puts what it missed where it belongs and keeps the newest', () => {
    const model = new LiveModel();
    model.add([movement(50)]);
    model.add([movement(10), movement(20, 'b')]);
    expect(model.movements.map(({ at }) => at.slice(17, 19))).toEqual(['10', '20', '50']);
    model.add(Array.from({ length: 300 }, (_, index) => movement(100 + index)));
    expect(model.movements).toHaveLength(kMovementsKept);
    expect(model.movements.at(-1)).toEqual(movement(399));
  });
  it('keeps the last state', () => {
    const model = new LiveModel();
    expect(model.apply({ name: 'state', data: kState })).toMatchObject({ state: true, stations: false });
    expect(model.state).toBe(kState);
  });
});

describe('the clock', () => {
  it("is the server's, whatever the visitor's says", () => {
    const clock = new ServerClock();
    expect(clock.now(5)).toBeNull();
    clock.heard(kNow, 1_000_000, 1);
    expect(clock.now(1_000_000)).toBe(kNow);
    expect(clock.now(1_004_000)).toBe(kNow + 4_000);
    expect(clock.judged(1_004_000)).toBe(kNow + 4_000);
  });
  it('runs as fast as a demo, but ages are told by what was heard', () => {
    const clock = new ServerClock();
    clock.heard(kNow, 0, 600);
    expect(clock.now(1000)).toBe(kNow + 600_000);
    expect(clock.judged(1000)).toBe(kNow);
  });
  it('does not step back for events that were on their way together', () => {
    const clock = new ServerClock();
    clock.heard(kNow, 0, 1);
    clock.heard(kNow - 2000, 10);
    expect(clock.now(10)).toBe(kNow + 10);
    clock.heard(kNow - 100_000, 60_000); // a new demo began
    expect(clock.now(60_000)).toBe(kNow - 100_000);
  });
});
