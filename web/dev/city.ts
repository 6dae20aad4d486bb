// A city for working on the page: plausible numbers, made from a seed. For development and tests only.

import { readFileSync } from 'node:fs';

import type {
  BikesAnswer,
  HourColumnsAnswer,
  HourRow,
  Movement,
  Outlook,
  Station,
  SystemState,
  TotalsRow,
} from '../src/api/types.ts';
import { kColumns } from '../src/map/day.ts';

const kHour = 3_600_000;
const kPoll = 30_000;

const iso = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

// In [0, 1), the same for the same numbers.
function chance(...of: number[]): number {
  let hash = 0x9e3779b9;
  for (const value of of) {
    hash = Math.imul(hash ^ (value | 0), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(value / 2 ** 32), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}

interface Place {
  index: number;
  id: string;
  name: string;
  lat: number;
  lon: number;
  racks: number | null;
  isFrozen: boolean; // not seen lately
  isDead: boolean; // never seen
  appetite: number;
}

// By local hour: how much is ridden.
const kDay = [4, 3, 2, 1, 1, 2, 5, 14, 20, 11, 8, 8, 9, 9, 9, 10, 13, 20, 24, 19, 15, 14, 11, 7];

export interface CityOptions {
  csv: string | null; // Seoul's stations; without: a grid
  start: number;
  stations?: number;
  utcOffsetHours?: number;
  windowMs?: number; // of what is called an hour
  slideMs?: number; // the same, where nothing is said
}

export class City {
  readonly places: Place[];
  readonly stations: Station[];
  now: number;
  polls = 812;
  isFailing = false;
  private readonly numbers = new Map<string, number>();
  private readonly offset: number;
  private readonly windowMs: number;
  private readonly slideMs: number;
  private round = 0;

  constructor(options: CityOptions) {
    this.now = Math.floor(options.start / kPoll) * kPoll;
    this.offset = (options.utcOffsetHours ?? 9) * kHour;
    this.windowMs = options.windowMs ?? kHour;
    this.slideMs = options.slideMs ?? this.windowMs;
    this.places = options.csv === null ? grid(options.stations ?? 60) : read(options.csv, options.stations);
    this.stations = this.places.map((place) => this.first(place));
    this.places.forEach(({ id }, index) => this.numbers.set(id, index));
  }

  station(id: string): Station {
    return this.stations[this.numbers.get(id)!]!;
  }

  set(id: string, bikes: number): void {
    const index = this.numbers.get(id)!;
    this.stations[index] = { ...this.stations[index]!, bikes, fill: fillOf(bikes, this.places[index]!.racks) };
  }

  private localHour(at: number): number {
    return new Date(at + this.offset).getUTCHours();
  }

  private first(place: Place): Station {
    const { index } = place;
    const racks = place.racks ?? 12;
    const u = chance(index, 3);
    const bikes = u < 0.1 ? 0 : u > 0.9 ? racks + Math.floor(chance(index, 4) * 4) : Math.floor(u * racks);
    const since = this.now - Math.floor(chance(index, 5) ** 3 * 40 * kHour) - 60_000;
    const hour = Math.floor(this.now / this.windowMs) * this.windowMs;
    const part = (this.now - hour) / this.windowMs;
    const row = this.row(place, hour);
    const observed = place.isFrozen ? this.now - 900_000 - Math.floor(chance(index, 6) * 5 * kHour) : this.now;
    return {
      id: place.id,
      name: place.name,
      lat: index === 41 ? null : place.lat,
      lon: index === 41 ? null : place.lon,
      bikes: place.isDead ? null : bikes,
      racks: place.racks,
      observed_at: place.isDead ? null : iso(observed),
      fill: place.isDead ? null : fillOf(bikes, place.racks),
      since: place.isDead ? null : iso(Math.min(since, observed)),
      since_is_exact: chance(index, 7) > 0.2,
      renting: true,
      returning: index % 401 !== 400,
      hour: place.isDead ? null : iso(Math.floor(observed / this.windowMs) * this.windowMs),
      rentals: place.isDead ? null : Math.floor(row.total_rental * part),
      returns: place.isDead ? null : Math.floor(row.total_return * part),
      is_read: index % 997 !== 996,
    };
  }

  // One poll later: what changed.
  step(): { changed: Station[]; seen: string[]; movements: Movement[] } {
    this.now += kPoll;
    this.polls += 1;
    this.round += 1;
    const changed: Station[] = [];
    const seen: string[] = [];
    const movements: Movement[] = [];
    const demand = kDay[this.localHour(this.now)]!;
    const hour = iso(Math.floor(this.now / this.windowMs) * this.windowMs);
    this.places.forEach((place, index) => {
      if (place.isFrozen || place.isDead) return;
      const station = this.stations[index]!;
      const before = station.bikes ?? 0;
      let bikes = before;
      if (chance(index, this.round, 11) < (demand * place.appetite) / 1200) {
        const size = chance(index, this.round, 12) < 0.8 ? 1 : 2;
        bikes += chance(index, this.round, 13) < 0.5 ? -Math.min(size, before) : size;
      }
      const fill = fillOf(bikes, place.racks);
      const isNewHour = station.hour !== hour;
      const next: Station = {
        ...station,
        bikes,
        observed_at: iso(this.now),
        fill,
        hour,
        rentals: (isNewHour ? 0 : (station.rentals ?? 0)) + Math.max(0, before - bikes),
        returns: (isNewHour ? 0 : (station.returns ?? 0)) + Math.max(0, bikes - before),
        ...(fill === station.fill ? {} : { since: iso(this.now), since_is_exact: true }),
      };
      this.stations[index] = next;
      if (bikes !== before || isNewHour) changed.push(next);
      else seen.push(place.id);
      if (bikes !== before) movements.push({ at: iso(this.now), id: place.id, change: bikes - before, bikes });
    });
    return { changed, seen, movements };
  }

  state(speed: number): SystemState {
    const hour = Math.floor(this.now / this.windowMs) * this.windowMs;
    const fresh = this.stations.filter((_, index) => this.isFresh(index));
    const sum = (of: (station: Station) => number | null) => fresh.reduce((all, station) => all + (of(station) ?? 0), 0);
    const last = this.total(hour - 168 * kHour);
    return {
      now: iso(this.now),
      speed,
      data_at: iso(this.now - (this.isFailing ? 240_000 : 0)),
      bikes: sum((station) => station.bikes),
      stations: {
        known: this.stations.length,
        empty: fresh.filter((station) => station.fill === 'empty').length,
        full: fresh.filter((station) => station.fill === 'full').length,
        stale: this.stations.length - fresh.length,
      },
      hour: { start: iso(hour), rentals: sum((station) => station.rentals), returns: sum((station) => station.returns) },
      last_week: { start: iso(hour - 168 * kHour), rentals: last.total_rental, returns: last.total_return },
      waits:
        this.now - hour < this.windowMs / 4
          ? [
              {
                hour: iso(hour - this.windowMs),
                needs: iso(hour),
                why: `hour ${this.localHour(hour - this.windowMs)} open: watermark ${this.clock(this.now - 600_000)}, needs ${this.clock(hour)}`,
                parts: [
                  { partition: 3, watermark: iso(this.now - 600_000), lag: 0, stopped: null },
                  { partition: 5, watermark: iso(this.now - 540_000), lag: 120, stopped: null },
                ],
              },
            ]
          : [],
      feed: {
        is_failing: this.isFailing,
        succeeded_at: iso(this.now - (this.isFailing ? 240_000 : 0)),
        data_at: iso(this.now),
        failures_in_a_row: this.isFailing ? 8 : 0,
        reason: this.isFailing ? 'timeout' : null,
        text: this.isFailing ? 'no answer within 10 s' : null,
        polls: this.polls,
        failures: this.isFailing ? 10 : 2,
        rounds_rejected: 0,
        frozen: 4,
        budget: null,
      },
    };
  }

  private clock(at: number): string {
    return new Date(at + this.offset).toISOString().slice(11, 19);
  }

  private isFresh(index: number): boolean {
    const place = this.places[index]!;
    return !place.isDead && !place.isFrozen && this.stations[index]!.is_read;
  }

  row(place: Place, start: number): HourRow {
    const hour = start / this.slideMs;
    const demand = kDay[this.localHour(start)]! * place.appetite;
    const rentals = Math.round(demand * chance(place.index, hour, 21) * 0.9);
    const returns = Math.round(demand * chance(place.index, hour, 22) * 0.9);
    const racks = place.racks ?? 12;
    const open = Math.floor(chance(place.index, hour, 23) * racks);
    const close = Math.max(0, open + returns - rentals);
    const seconds = this.windowMs / 1000;
    const empty = open < 2 ? Math.floor(chance(place.index, hour, 24) * seconds) : 0;
    return {
      start: iso(start),
      end: iso(start + this.windowMs),
      stationId: place.id,
      total_rental: rentals,
      total_return: returns,
      unobserved_change: close - open - returns + rentals,
      bikes_open: open,
      bikes_close: close,
      bikes_min: Math.min(open, close),
      bikes_max: Math.max(open, close),
      observed_seconds: chance(place.index, hour, 25) < 0.03 ? (2 / 3) * seconds : seconds,
      empty_seconds: empty,
      full_seconds: close >= racks ? Math.floor(chance(place.index, hour, 26) * seconds) : 0,
      largest_rental: Math.min(rentals, 2),
      largest_return: Math.min(returns, 3),
    };
  }

  // The starts of the windows that are over, in order.
  private over(from: number, to: number): number[] {
    const starts: number[] = [];
    const first = Math.ceil(from / this.slideMs) * this.slideMs;
    for (let at = first; at < to && at + this.windowMs <= this.now; at += this.slideMs) starts.push(at);
    return starts;
  }

  // What the lake would say: nothing of the hour that is running, nor of a station while it is not seen.
  hours(from: number, to: number, id: string | null): HourRow[] {
    const rows: HourRow[] = [];
    const running = Math.floor(this.now / this.windowMs) * this.windowMs;
    for (const at of this.over(from, to)) {
      for (const place of this.places) {
        if (place.isDead || (id !== null && place.id !== id)) continue;
        if (chance(place.index, at / this.slideMs, 27) < 0.004 || (place.index % 50 === 2 && at >= running - 5 * kHour && at < running - 3 * kHour)) continue;
        rows.push(this.row(place, at));
      }
    }
    return rows;
  }

  hourColumns(from: number, to: number): HourColumnsAnswer {
    const byHour = new Map<string, Map<string, HourRow>>();
    for (const row of this.hours(from, to, null)) {
      byHour.set(row.start, (byHour.get(row.start) ?? new Map()).set(row.stationId, row));
    }
    const stations = this.places.map(({ id }) => id).sort();
    const totals = new Map(this.totals(from, to).map((row) => [row.start, row]));
    const hours = [...byHour].map(([start, rows]) => {
      const { end, state, why } = totals.get(start)!;
      const columns = kColumns.map((name) => [name, stations.map((id) => rows.get(id)?.[name] ?? null)]);
      return { ...Object.fromEntries(columns), start, end, state, why } as HourColumnsAnswer['hours'][number];
    });
    return { stations, hours };
  }

  private readonly totalsKept = new Map<number, TotalsRow>();

  private total(start: number): TotalsRow {
    let made = this.totalsKept.get(start);
    if (!made) {
      const rows = this.places.filter((place) => !place.isDead).map((place) => this.row(place, start));
      const sum = (of: (row: HourRow) => number) => rows.reduce((all, row) => all + of(row), 0);
      made = {
        start: iso(start),
        end: iso(start + this.windowMs),
        state: 'final',
        why: null,
        stations: rows.length,
        total_rental: sum((row) => row.total_rental),
        total_return: sum((row) => row.total_return),
        unobserved_change: sum((row) => row.unobserved_change),
        bikes_close: sum((row) => row.bikes_close),
        observed_seconds: sum((row) => row.observed_seconds),
        empty_seconds: sum((row) => row.empty_seconds),
        full_seconds: sum((row) => row.full_seconds),
      };
      this.totalsKept.set(start, made);
    }
    return made;
  }

  totals(from: number, to: number): TotalsRow[] {
    const rows: TotalsRow[] = [];
    const wait = this.state(1).waits[0];
    for (const at of this.over(from, to)) {
      const row = this.total(at);
      rows.push(wait?.hour === row.start ? { ...row, state: 'waiting', why: wait.why } : row);
    }
    return rows;
  }

  // A few stations of each kind, as if their trails said so.
  outlook(): Outlook {
    const fresh = this.stations.filter((_, index) => this.isFresh(index));
    const some = fresh.filter(({ fill }) => fill === 'some');
    const pick = (kind: number) => some.filter((_, index) => index % 90 === kind);
    const isLow = (station: Station) => (station.bikes ?? 0) * 2 <= (station.racks ?? 0);
    return {
      now: iso(this.now),
      soon: pick(5).map((station) => {
        const left = isLow(station) ? station.bikes! : station.racks! - station.bikes!;
        const net = Math.max(3, 2 * left) + Math.floor(chance(left, 41) * 5);
        return {
          id: station.id,
          becomes: isLow(station) ? 'empty' : 'full',
          at: iso(this.now + (left / net) * kHour),
          net: isLow(station) ? -net : net,
          over_s: 3600,
        };
      }),
      frozen: pick(17).slice(0, 4).map(({ id }, n) => ({ id, since: iso(this.now - (26 + n * 9) * kHour) })),
      flapping: pick(29).slice(0, 3).map(({ id, bikes }, n) => ({
        id, low: bikes!, high: bikes! + 1, changes: 9 + n * 31, since: iso(this.now - (n + 1) * 0.8 * kHour),
      })),
    };
  }

  bikes(index: number): BikesAnswer {
    const station = this.stations[index]!;
    const place = this.places[index]!;
    if (place.isDead) return { now: iso(this.now), known_from: null, points: [], gaps: [], last_seen: null };
    const lastSeen = Date.parse(station.observed_at!);
    const gap = { from: this.now - 9 * kHour, to: this.now - 7.4 * kHour };
    const points: { at: string; bikes: number }[] = [];
    let bikes = station.bikes ?? 0;
    let at = lastSeen - 240_000;
    for (let n = 0; at > this.now - 23 * kHour; ++n) {
      if (at < gap.from || at > gap.to) points.unshift({ at: iso(at), bikes });
      const demand = kDay[this.localHour(at)]! * place.appetite;
      bikes = Math.max(0, bikes + (chance(index, n, 31) < 0.5 ? -1 : 1) * (chance(index, n, 32) < 0.15 ? 2 : 1));
      at -= (kHour / Math.max(0.4, demand)) * (0.3 + 1.4 * chance(index, n, 33));
    }
    return {
      now: iso(this.now),
      known_from: points[0]?.at ?? null,
      points,
      gaps: [
        { from: iso(gap.from), to: iso(gap.to) },
        ...(place.isFrozen ? [{ from: iso(lastSeen), to: iso(this.now) }] : []),
      ],
      last_seen: iso(lastSeen),
    };
  }
}

function fillOf(bikes: number, racks: number | null): 'empty' | 'some' | 'full' {
  return bikes === 0 ? 'empty' : racks !== null && racks > 0 && bikes >= racks ? 'full' : 'some';
}

function place(index: number, id: string, name: string, lat: number, lon: number): Place {
  return {
    index,
    id,
    name,
    lat,
    lon,
    racks: index % 300 === 299 ? null : 6 + Math.floor(chance(index, 1) ** 2 * 26),
    isFrozen: index % 220 === 7,
    isDead: index % 1400 === 1399,
    appetite: 0.1 + chance(index, 2) ** 3 * 1.6,
  };
}

function read(csv: string, atMost = Infinity): Place[] {
  return readFileSync(csv, 'utf8')
    .trim()
    .split('\n')
    .slice(1, atMost + 1)
    .map((line, index) => {
      const [number, ...rest] = line.split(',');
      const lat = Number(rest.pop());
      const lon = Number(rest.pop());
      rest.pop();
      const name = rest.join(',').replaceAll('"', '');
      return place(index, `ST-${Number(number) - 98}`, `${number}. ${name}`, lat, lon);
    });
}

function grid(count: number): Place[] {
  const side = Math.ceil(Math.sqrt(count));
  return Array.from({ length: count }, (_, index) =>
    place(
      index,
      String(index + 2),
      `Market St at ${index + 1}th St`,
      37.77 + Math.floor(index / side) * 0.004,
      -122.42 + (index % side) * 0.005,
    ),
  );
}
