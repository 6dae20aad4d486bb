// What the CSV buttons write: the API's own names and times in UTC, so that a sheet fits to what scripts get.

import type { Flapping, Forecast, Frozen, Movement } from '../api/types.ts';
import { hourKey, isoDate, localTime } from '../format/times.ts';
import type { Told } from '../live/outlook.ts';
import type { Session } from '../live/session.ts';
import type { LiveStation } from '../live/station.ts';
import type { Sheet } from './marks.tsx';

export function fileName(session: Session, what: string, at: number | null = session.now.peek()): string {
  if (at === null) return `bikeflow-${session.info.id}-${what}`;
  const { hour, minute } = localTime(at, session.zone);
  const two = (value: number) => String(value).padStart(2, '0');
  return `bikeflow-${session.info.id}-${what}-${isoDate(at, session.zone)}T${two(hour)}${two(minute)}`;
}

export function hourFileName(session: Session, what: string, at: number): string {
  return `bikeflow-${session.info.id}-${what}-${hourKey(at, session.zone)}`;
}

// What is not known now is empty; observed_at says how old what was last seen is.
export function stationSheet(name: string, session: Session, stations: () => readonly LiveStation[]): Sheet {
  return {
    name,
    header: [
      'id', 'name', 'lat', 'lon', 'bikes', 'racks', 'state', 'observed_at', 'since', 'since_is_exact', 'renting',
      'returning', 'hour', 'rentals', 'returns',
    ],
    rows: () =>
      stations().map((station) => {
        const standing = session.standingOf(station);
        return [
          station.id,
          station.name,
          station.lat,
          station.lon,
          standing.isKnown ? standing.bikes : null,
          station.racks,
          standing.isKnown ? standing.fill : 'unknown',
          station.observed_at,
          standing.isKnown ? station.since : null,
          standing.isKnown ? station.since_is_exact : null,
          station.renting,
          station.returning,
          standing.isKnown ? station.hour : null,
          standing.isKnown ? station.rentals : null,
          standing.isKnown ? station.returns : null,
        ];
      }),
  };
}

export function soonSheet(name: string, told: () => readonly Told<Forecast>[]): Sheet {
  return {
    name,
    header: ['id', 'name', 'bikes', 'racks', 'becomes', 'at', 'net', 'over_s'],
    rows: () =>
      told().map(({ station, of }) => [
        of.id, station.name, station.bikes, station.racks, of.becomes, of.at, of.net, of.over_s,
      ]),
  };
}

export function doubtfulSheet(name: string, told: () => readonly Told<Flapping | Frozen>[]): Sheet {
  return {
    name,
    header: ['id', 'name', 'bikes', 'racks', 'doubt', 'since', 'low', 'high', 'changes'],
    rows: () =>
      told().map(({ station, of }) => [
        of.id, station.name, station.bikes, station.racks,
        ...('changes' in of ? ['flapping', of.since, of.low, of.high, of.changes] : ['frozen', of.since, null, null, null]),
      ]),
  };
}

export function movementSheet(name: string, session: Session, movements: () => readonly Movement[]): Sheet {
  return {
    name,
    header: ['at', 'id', 'name', 'change', 'bikes'],
    rows: () =>
      movements().map(({ at, id, change, bikes }) => [at, id, session.station(id)?.name ?? null, change, bikes]),
  };
}
