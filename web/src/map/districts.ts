// Seoul's districts: outlines for the map, and which of them a station stands in.

import type { LiveStation } from '../live/station.ts';
import districtsUrl from '../../data/seoul-districts.json?url';

type Ring = [number, number][];

export interface District {
  code: string;
  name: string;
  name_en: string;
}

export interface Districts {
  type: 'FeatureCollection';
  features: {
    type: 'Feature';
    properties: District;
    geometry: { type: 'Polygon'; coordinates: Ring[] } | { type: 'MultiPolygon'; coordinates: Ring[][] };
  }[];
}

const kWest = 126.75;
const kEast = 127.2;
const kSouth = 37.41;
const kNorth = 37.71;

// Most of them do: a station at 0, 0 or one over the border changes nothing.
export function lieInSeoul(stations: readonly Pick<LiveStation, 'lat' | 'lon'>[]): boolean {
  let inside = 0;
  let placed = 0;
  for (const { lat, lon } of stations) {
    if (lat === null || lon === null) continue;
    placed += 1;
    if (lon > kWest && lon < kEast && lat > kSouth && lat < kNorth) inside += 1;
  }
  return placed > 0 && inside > placed / 2;
}

let loading: Promise<Districts> | null = null;

export function loadDistricts(): Promise<Districts> {
  loading ??= fetch(districtsUrl).then((response) => {
    if (!response.ok) {
      loading = null;
      throw new Error(`districts: HTTP ${response.status}`);
    }
    return response.json() as Promise<Districts>;
  });
  return loading;
}

function ringHolds(ring: Ring, lon: number, lat: number): boolean {
  let isInside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]!;
    const [xj, yj] = ring[j]!;
    if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) isInside = !isInside;
  }
  return isInside;
}

export function districtAt(districts: Districts, lon: number, lat: number): District | null {
  for (const { geometry, properties } of districts.features) {
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
    for (const [outer, ...holes] of polygons) {
      if (outer && ringHolds(outer, lon, lat) && !holes.some((hole) => ringHolds(hole, lon, lat))) return properties;
    }
  }
  return null;
}

// The middle of the largest outline's extent: where its name goes.
export function labelPoint(feature: Districts['features'][number]): [number, number] {
  const rings =
    feature.geometry.type === 'Polygon'
      ? [feature.geometry.coordinates[0]!]
      : feature.geometry.coordinates.map((polygon) => polygon[0]!);
  let best: [number, number] = [0, 0];
  let largest = -1;
  for (const ring of rings) {
    let area = 0;
    let x = 0;
    let y = 0;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const cross = ring[j]![0] * ring[i]![1] - ring[i]![0] * ring[j]![1];
      area += cross;
      x += (ring[j]![0] + ring[i]![0]) * cross;
      y += (ring[j]![1] + ring[i]![1]) * cross;
    }
    if (Math.abs(area) > largest && area !== 0) {
      largest = Math.abs(area);
      best = [x / (3 * area), y / (3 * area)];
    }
  }
  return best;
}
