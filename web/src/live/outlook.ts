// The server's outlook beside what the page knows by now: a station that has become unknown since, or is empty or full
// already, is not said to become so.

import type { Flapping, Forecast, Frozen, Outlook } from '../api/types.ts';
import type { Standing } from './standing.ts';
import type { LiveStation } from './station.ts';

export interface Told<Of> {
  station: LiveStation;
  of: Of;
}

type Find = (id: string) => LiveStation | undefined;
type Judge = (station: LiveStation) => Standing;

// Soonest first.
export function soonOf(outlook: Outlook | null, find: Find, judge: Judge): Told<Forecast>[] {
  return known(outlook?.soon ?? [], find, judge)
    .filter(({ station }) => {
      const standing = judge(station);
      return standing.isKnown && standing.fill === 'some';
    })
    .sort((a, b) => Date.parse(a.of.at) - Date.parse(b.of.at) || (a.of.id < b.of.id ? -1 : 1));
}

// What is older than this says no more what is; of a demo, whose clock runs faster, as many times older.
const kOldMs = 60_000;

export function youngOf(outlook: Outlook | null, now: number | null, speed: number): Outlook | null {
  if (outlook === null || now === null) return outlook;
  return now - Date.parse(outlook.now) > kOldMs * Math.max(1, speed) ? null : outlook;
}

// First those that flap, most changes first; then those that stand still, longest first.
export function doubtfulOf(outlook: Outlook | null, find: Find, judge: Judge): Told<Flapping | Frozen>[] {
  const flapping = known(outlook?.flapping ?? [], find, judge).sort((a, b) => b.of.changes - a.of.changes);
  const frozen = known(outlook?.frozen ?? [], find, judge)
    .filter(({ station, of }) => !hasChangedSince(station, Date.parse(of.since)))
    .sort((a, b) => Date.parse(a.of.since) - Date.parse(b.of.since));
  return [...flapping, ...frozen];
}

// As far as its hour tells: it stood still for a day or longer, so a rental or return of this hour came later.
function hasChangedSince(station: LiveStation, since: number): boolean {
  const isLater = station.hourMs !== null && station.hourMs >= since;
  return isLater && (station.rentals ?? 0) + (station.returns ?? 0) > 0;
}

function known<Of extends { id: string }>(list: readonly Of[], find: Find, judge: Judge): Told<Of>[] {
  return list.flatMap((of) => {
    const station = find(of.id);
    return station && judge(station).isKnown ? [{ station, of }] : [];
  });
}
