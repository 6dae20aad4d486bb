// A station for tests.

import type { Station } from '../api/types.ts';

export function sampleStation(of: Partial<Station> = {}): Station {
  return {
    id: 'ST-4',
    name: '102. 망원역 1번출구 앞',
    lat: 37.5556,
    lon: 126.9106,
    bikes: 5,
    racks: 15,
    observed_at: '2024-08-11T13:30:00Z',
    fill: 'some',
    since: '2024-08-11T12:00:00Z',
    since_is_exact: true,
    renting: true,
    returning: true,
    hour: '2024-08-11T13:00:00Z',
    rentals: 3,
    returns: 4,
    is_read: true,
    ...of,
  };
}
