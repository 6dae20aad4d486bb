import { describe, expect, it } from 'vitest';

import { hashOf, parseRoute, systemOf } from './route.ts';

describe('routes', () => {
  it('are read', () => {
    expect(parseRoute('')).toMatchObject({ system: null, page: 'live' });
    expect(parseRoute('#/seoul')).toMatchObject({ system: 'seoul', page: 'live', item: null });
    expect(parseRoute('#/seoul/station/ST-4')).toMatchObject({ page: 'station', item: 'ST-4' });
    expect(parseRoute('#/seoul/history/2024-08-11T08?map=net')).toMatchObject({ page: 'history', item: '2024-08-11T08' });
    expect(parseRoute('#/seoul/history/2024-08-11T08?map=net').params.get('map')).toBe('net');
    expect(parseRoute('#/seoul/nonsense')).toMatchObject({ system: 'seoul', page: 'live' });
    expect(parseRoute('#/%E0%A4%A')).toMatchObject({ system: '%E0%A4%A' }); // no UTF-8: as it is
  });
  it('name a system, or need not where there is one', () => {
    const [a, b] = [{ id: 'a' }, { id: 'b' }];
    expect([systemOf([a], null), systemOf([a, b], 'b'), systemOf([a, b], null)]).toEqual([a, b, 'choice']);
    expect([systemOf([], null), systemOf([], 'a'), systemOf([a], 'b')]).toEqual([null, null, null]);
  });
  it('are written so that they are read back', () => {
    for (const id of ['ST-4', 'a/b', '대여소 1', '100%', '?x#y']) {
      expect(parseRoute(hashOf('seoul', 'station', id))).toMatchObject({ system: 'seoul', page: 'station', item: id });
    }
    expect(hashOf('seoul', 'history', '2024-08-11T08')).toBe('#/seoul/history/2024-08-11T08');
    expect(hashOf(null)).toBe('#/');
    const hash = hashOf('seoul', 'stations', null, { state: 'empty', q: '망원 & 합정' });
    expect(parseRoute(hash).params.get('q')).toBe('망원 & 합정');
  });
});
