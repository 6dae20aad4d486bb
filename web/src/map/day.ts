// A day of the lake as it is played: the rows of each hour out of the columns of all.

import { together } from '../api/rows.ts';
import type { ColumnsOfHour, HourColumn, HourColumnsAnswer, HourRow, HourState } from '../api/types.ts';

export const kColumns: readonly HourColumn[] = [
  'total_rental', 'total_return', 'unobserved_change', 'bikes_open', 'bikes_close', 'bikes_min', 'bikes_max',
  'observed_seconds', 'empty_seconds', 'full_seconds', 'largest_rental', 'largest_return',
];

export interface HourSum {
  stations: number;
  rentals: number;
  returns: number;
  state: HourState;
  why: string | null;
}

export class Day {
  private readonly hours = new Map<number, ColumnsOfHour & Pick<HourColumnsAnswer, 'stations'>>();
  private readonly made = new Map<number, readonly HourRow[]>(); // what was shown may be shown again

  // Of one or several parts of the day.
  constructor(answers: readonly HourColumnsAnswer[]) {
    for (const { stations, hours } of answers) {
      for (const hour of hours) this.hours.set(Date.parse(hour.start), { ...hour, stations });
    }
  }

  // Of an hour of which the lake has nothing there are none.
  rows(start: number): readonly HourRow[] {
    let rows = this.made.get(start);
    if (!rows) this.made.set(start, (rows = this.make(start)));
    return rows;
  }

  // What a station did, all its rows of the hour together.
  byStation(start: number): ReadonlyMap<string, HourRow> {
    const all = new Map<string, HourRow>();
    for (const row of this.rows(start)) {
      const there = all.get(row.stationId);
      all.set(row.stationId, there ? together(there, row) : row);
    }
    return all;
  }

  sum(start: number): HourSum | null {
    const hour = this.hours.get(start);
    if (!hour) return null;
    const sum = (of: readonly (number | null)[]) => of.reduce<number>((all, value) => all + (value ?? 0), 0);
    return {
      stations: new Set(hour.stations.filter((_, index) => hour.total_rental[index] !== null)).size,
      rentals: sum(hour.total_rental),
      returns: sum(hour.total_return),
      state: hour.state,
      why: hour.why,
    };
  }

  // Whether nothing of it will change any more.
  isFinal(starts: readonly number[]): boolean {
    return starts.every((start) => this.hours.get(start)?.state === 'final');
  }

  private make(start: number): HourRow[] {
    const hour = this.hours.get(start);
    if (!hour) return [];
    const rows: HourRow[] = [];
    hour.stations.forEach((stationId, index) => {
      if (hour.total_rental[index] === null) return;
      const row = { start: hour.start, end: hour.end, stationId } as HourRow;
      for (const column of kColumns) row[column] = hour[column][index]!;
      rows.push(row);
    });
    return rows;
  }
}

// The rows that the server puts into one answer at most, and windows of which one answer is quick enough. A station may
// have several rows in a window.
const kMostRows = 400_000;
const kMostWindows = 100;
const kRowsOfStation = 1.1;

// A day as it is asked for: the starts of as many windows at a time as one answer may hold.
export function partsOf(starts: readonly number[], stations: number): number[][] {
  const fit = Math.floor(kMostRows / Math.max(1, stations * kRowsOfStation));
  const most = Math.max(1, Math.min(kMostWindows, fit));
  const parts: number[][] = [];
  for (let at = 0; at < starts.length; at += most) parts.push(starts.slice(at, at + most));
  return parts;
}

// Names for rows of one hour, each another: a station may have several.
export function keysOf(rows: readonly HourRow[]): ReadonlyMap<HourRow, string> {
  const many = new Map<string, number>();
  return new Map(
    rows.map((row) => {
      const nth = (many.get(row.stationId) ?? 0) + 1;
      many.set(row.stationId, nth);
      return [row, `${nth} ${row.stationId}`];
    }),
  );
}
