import { describe, expect, it } from 'vitest';

import { boundsOf, isSamePoint, pointsOf } from './points.ts';
import { pictureIn, placeIn, radiusAt, rimAt, type View } from './station_layer.ts';

const at = (id: string, lon: number | null, lat: number | null, racks: number | null = 14) => ({ id, lon, lat, racks });

describe('pointsOf', () => {
  it('leaves out who has no place', () => {
    const stations = [at('a', 127, 37.5), at('b', null, 37.5), at('c', 127, null), at('d', 0, 0), at('e', 127, -90), at('f', 0, 51.5)];
    expect(pointsOf(stations).map(({ id }) => id)).toEqual(['a', 'f']);
  });

  it('sizes by racks, within bounds, and by 1 where they are unknown', () => {
    const sizes = pointsOf([at('a', 1, 1, 14), at('b', 1, 1, 28), at('c', 1, 1, 1), at('d', 1, 1, 900), at('e', 1, 1, 0), at('f', 1, 1, null)]);
    expect(sizes.map(({ size }) => Number(size.toFixed(2)))).toEqual([1, 1.41, 0.7, 1.9, 1, 1]);
  });
});

describe('isSamePoint', () => {
  it('tells apart what is drawn otherwise', () => {
    const [point] = pointsOf([at('a', 1, 2)]);
    expect(isSamePoint(point!, { ...point! })).toBe(true);
    for (const other of [{ id: 'b' }, { lon: 1.1 }, { lat: 2.1 }, { size: 1.1 }]) {
      expect(isSamePoint(point!, { ...point!, ...other })).toBe(false);
    }
    expect(isSamePoint(point!, undefined)).toBe(false);
  });
});

describe('boundsOf', () => {
  it('has them all when they are few, and not the one of a thousand that lies elsewhere', () => {
    expect(boundsOf([])).toBeNull();
    expect(boundsOf(pointsOf([at('a', 2, 5), at('b', 1, 6), at('c', 3, 4)]))).toEqual([[1, 4], [3, 6]]);
    const city = Array.from({ length: 1000 }, (_, index) => at(`${index}`, 127 + index / 1e5, 37 + index / 1e5));
    const [[west], [east]] = boundsOf(pointsOf([...city, at('lost', -3, 40)]))!;
    expect(west).toBeGreaterThan(126.9);
    expect(east).toBeLessThan(127.1);
  });
});

describe('a circle', () => {
  it('grows as one comes near, between its bounds', () => {
    expect([0, 8, 11, 13, 16, 22].map(radiusAt)).toEqual([1.1, 1.1, 2.9, 6, 13, 13]);
    expect(radiusAt(12)).toBeGreaterThan(2.9);
    expect(radiusAt(12)).toBeLessThan((2.9 + 6) / 2);
  });

  it('has a thin rim from afar', () => {
    expect([8, 10.5, 11.75, 13, 18].map((zoom) => Number(rimAt(zoom, 1).toFixed(2)))).toEqual([0.4, 0.4, 0.7, 1, 1]);
    expect([10.5, 13].map((zoom) => rimAt(zoom, 2.25))).toEqual([1.5, 2.25]);
  });
});

describe('a picture of the stations', () => {
  it('lies, wherever the map goes, so that each is where it is on the map', () => {
    const then: View = { x: 0.85, y: 0.38, zoom: 11, width: 900, height: 500, density: 1 };
    expect(pictureIn(then, then)).toEqual({ x: 0, y: 0, scale: 1 });
    const views: View[] = [
      { ...then, x: 0.8501, y: 0.3797 },
      { ...then, zoom: 12.3 },
      { ...then, zoom: 9, x: 0.86, width: 700, height: 640 },
    ];
    for (const view of views) {
      const { x, y, scale } = pictureIn(view, then);
      for (const [a, b] of [[0.85, 0.38], [0.8495, 0.3806]] as const) {
        const [left, top] = placeIn(then, a, b);
        const [nowLeft, nowTop] = placeIn(view, a, b);
        expect(x + left * scale).toBeCloseTo(nowLeft, 6);
        expect(y + top * scale).toBeCloseTo(nowTop, 6);
      }
    }
  });

  it('goes the shorter way around the world', () => {
    const then: View = { x: 0.999, y: 0.5, zoom: 8, width: 400, height: 400, density: 1 };
    const { x } = pictureIn({ ...then, x: 0.001 }, then);
    expect(x).toBeCloseTo(-0.002 * 512 * 2 ** 8, 6);
  });
});
