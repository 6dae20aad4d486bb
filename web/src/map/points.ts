// Stations as places on a map.

import type { LiveStation } from '../live/station.ts';

export interface Point {
  id: string;
  lon: number;
  lat: number;
  size: number; // by racks
}

type Placed = Pick<LiveStation, 'id' | 'lon' | 'lat' | 'racks'>;

// Those that have a place. Feeds write 0, 0 or a pole for one that they do not know.
export function pointsOf(stations: readonly Placed[]): Point[] {
  const points: Point[] = [];
  for (const { id, lon, lat, racks } of stations) {
    if (lon === null || lat === null || Math.abs(lat) > 85 || (lon === 0 && lat === 0)) continue;
    const size = racks === null || racks <= 0 ? 1 : Math.min(1.9, Math.max(0.7, Math.sqrt(racks / 14)));
    points.push({ id, lon, lat, size });
  }
  return points;
}

export function isSamePoint(a: Point, b: Point | undefined): boolean {
  return b !== undefined && a.id === b.id && a.lon === b.lon && a.lat === b.lat && a.size === b.size;
}

// [west, south], [east, north] of all but the few that lie far off by mistake.
export function boundsOf(points: readonly Point[]): [[number, number], [number, number]] | null {
  if (points.length === 0) return null;
  const lons = points.map((point) => point.lon).sort((a, b) => a - b);
  const lats = points.map((point) => point.lat).sort((a, b) => a - b);
  const cut = Math.floor(points.length * 0.002);
  const last = points.length - 1 - cut;
  return [
    [lons[cut]!, lats[cut]!],
    [lons[last]!, lats[last]!],
  ];
}
