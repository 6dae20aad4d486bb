import { expect, it, vi } from 'vitest';

import type { Session } from '../live/session.ts';
import type { Standing } from '../live/standing.ts';
import { sampleStation } from '../live/sample.ts';
import { readStation } from '../live/station.ts';
import { stationSheet } from './sheets.ts';

vi.mock('../preferences.ts', () => ({ language: { value: 'en' }, theme: { value: 'light' } })); // a browser's

function row(standing: Standing): Record<string, unknown> {
  const station = readStation(sampleStation());
  const session = { standingOf: () => standing } as unknown as Session;
  const sheet = stationSheet('name', session, () => [station]);
  const cells = sheet.rows()[0]!;
  return Object.fromEntries(sheet.header.map((name, index) => [name, cells[index]]));
}

it('writes of a station what is known now', () => {
  expect(row({ isKnown: true, fill: 'some', bikes: 5 })).toMatchObject({
    id: 'ST-4', bikes: 5, state: 'some', hour: '2024-08-11T13:00:00Z', rentals: 3, returns: 4,
  });
});

it('writes nothing old as new: only when it was seen last', () => {
  for (const why of ['lost', 'old', 'unread'] as const) {
    expect(row({ isKnown: false, why })).toMatchObject({
      id: 'ST-4', racks: 15, bikes: null, state: 'unknown', observed_at: '2024-08-11T13:30:00Z', since: null,
      since_is_exact: null, hour: null, rentals: null, returns: null,
    });
  }
});
