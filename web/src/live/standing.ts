// Whether what is known of a station may be shown as the present. What may not is unknown: it is grey,
// with its age, and has no fill.

import type { Fill } from '../api/types.ts';
import type { LiveStation } from './station.ts';

export type Unknown = 'never' | 'old' | 'unread' | 'lost';

export type Standing =
  | { isKnown: true; fill: Fill; bikes: number }
  | { isKnown: false; why: Unknown };

// never: no observation; unread: the process that read it is gone; old: longer ago than the system allows;
// lost: the page itself hears nothing.
export function standingOf(
  station: LiveStation,
  now: number,
  staleAfterMs: number,
  isConnected: boolean,
): Standing {
  if (station.observedMs === null || station.bikes === null) return { isKnown: false, why: 'never' };
  if (!isConnected) return { isKnown: false, why: 'lost' };
  if (!station.is_read) return { isKnown: false, why: 'unread' };
  if (now - station.observedMs > staleAfterMs) return { isKnown: false, why: 'old' };
  return { isKnown: true, fill: station.fill ?? fillOf(station.bikes, station.racks), bikes: station.bikes };
}

export function isSameStanding(a: Standing, b: Standing | undefined): boolean {
  if (a.isKnown) return b?.isKnown === true && a.fill === b.fill && a.bikes === b.bikes;
  return b?.isKnown === false && a.why === b.why;
}

export interface Counted {
  known: number; // stations, whatever is known of them
  empty: number | null; // null while all of them are unknown: then none is not 0
  full: number | null;
  stale: number;
}

export function countOf(standings: Iterable<Standing>): Counted {
  const of: Record<Fill | 'stale', number> = { empty: 0, some: 0, full: 0, stale: 0 };
  for (const standing of standings) of[standing.isKnown ? standing.fill : 'stale'] += 1;
  const told = of.empty + of.some + of.full;
  return {
    known: told + of.stale,
    empty: told > 0 ? of.empty : null,
    full: told > 0 ? of.full : null,
    stale: of.stale,
  };
}

// Racks 0 or absent: unknown, so never full.
export function fillOf(bikes: number, racks: number | null): Fill {
  if (bikes === 0) return 'empty';
  return racks !== null && racks > 0 && bikes >= racks ? 'full' : 'some';
}

// Bikes by racks, from 0 to 1; null where racks are unknown.
export function shareOf(bikes: number, racks: number | null): number | null {
  if (bikes === 0) return 0;
  return racks === null || racks <= 0 ? null : Math.min(1, bikes / racks);
}
