import { describe, expect, it } from 'vitest';

import type { Outlook } from '../api/types.ts';
import { doubtfulOf, soonOf, youngOf } from './outlook.ts';
import { sampleStation } from './sample.ts';
import { standingOf } from './standing.ts';
import { type LiveStation, readStation } from './station.ts';

const kNow = Date.parse('2024-08-11T13:30:10Z');
const at = (minute: number) => new Date(kNow + minute * 60_000).toISOString();

function scene(...stations: Parameters<typeof sampleStation>[0][]) {
  const all = new Map<string, LiveStation>(stations.map((of) => [of!.id!, readStation(sampleStation(of))]));
  const judge = (station: LiveStation) => standingOf(station, kNow, 600_000, true);
  return { find: (id: string) => all.get(id), judge };
}

const kOutlook: Outlook = {
  now: at(0),
  soon: [
    { id: 'a', becomes: 'empty', at: at(40), net: -6, over_s: 3600 },
    { id: 'b', becomes: 'full', at: at(10), net: 4, over_s: 3600 },
    { id: 'emptied', becomes: 'empty', at: at(1), net: -9, over_s: 3600 },
    { id: 'old', becomes: 'empty', at: at(5), net: -4, over_s: 3600 },
    { id: 'gone', becomes: 'empty', at: at(5), net: -4, over_s: 3600 },
  ],
  frozen: [
    { id: 'a', since: at(-2000) },
    { id: 'b', since: at(-3000) },
    { id: 'old', since: at(-4000) },
    { id: 'moved', since: at(-5000) },
    { id: 'earlier', since: at(-2500) },
  ],
  flapping: [
    { id: 'b', since: at(-60), low: 5, high: 6, changes: 9 },
    { id: 'a', since: at(-90), low: 5, high: 6, changes: 12 },
  ],
};

describe('the outlook', () => {
  const { find, judge } = scene(
    { id: 'a', rentals: 0, returns: 0 },
    { id: 'b', rentals: 0, returns: 0 },
    { id: 'moved', rentals: 0, returns: 1 },
    { id: 'earlier', hour: '2024-08-08T13:00:00Z', rentals: 2 },
    { id: 'emptied', bikes: 0, fill: 'empty' },
    { id: 'old', observed_at: '2024-08-11T13:00:00Z' },
  );
  it('says soonest first what will be, and not of what is so by now, or unknown', () => {
    expect(soonOf(kOutlook, find, judge).map(({ of }) => of.id)).toEqual(['b', 'a']);
  });
  it('names first what flaps most, then what stands still longest, and has not moved since', () => {
    expect(doubtfulOf(kOutlook, find, judge).map(({ of }) => [of.id, 'changes' in of])).toEqual([
      ['a', true],
      ['b', true],
      ['b', false],
      ['earlier', false],
      ['a', false],
    ]);
  });
  it('is unknown once it is old', () => {
    expect(youngOf(kOutlook, kNow + 60_000, 1)).toBe(kOutlook);
    expect(youngOf(kOutlook, kNow + 60_001, 1)).toBeNull();
    expect(youngOf(kOutlook, kNow + 60_001, 600)).toBe(kOutlook);
    expect(youngOf(kOutlook, null, 1)).toBe(kOutlook);
    expect(youngOf(null, kNow, 1)).toBeNull();
  });
  it('is nothing before it is here', () => {
    expect(soonOf(null, find, judge)).toEqual([]);
    expect(doubtfulOf(null, find, judge)).toEqual([]);
  });
});
