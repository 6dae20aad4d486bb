// From answers of the API to what a chart draws. A gap stays a gap: nothing is drawn where nothing is known.

import { type Sums, together } from '../api/rows.ts';
import type { BikesAnswer, HourRow, TotalsRow } from '../api/types.ts';
import { shiftDays } from '../format/times.ts';
import { milliseconds } from '../live/station.ts';

export interface Steps {
  x: number[]; // seconds, as uPlot wants them
  y: (number | null)[];
  unknown: { from: number; to: number }[]; // seconds
}

export const kDayMs = 86_400_000;
export const kHourMs = 3_600_000;

// The count holds from a point to the next one; in a gap there is none, and after it the count is that of the
// next point, or the last one where no other came. `now` as the server says it.
export function steps(answer: BikesAnswer): Steps {
  const now = Date.parse(answer.now);
  const from = now - kDayMs;
  const lastSeen = milliseconds(answer.last_seen);
  const points = answer.points.map(({ at, bikes }) => ({ at: Date.parse(at), bikes }));
  const gaps = answer.gaps
    .map((gap) => ({ from: Date.parse(gap.from), to: Date.parse(gap.to) }))
    .filter((gap) => gap.to > gap.from);
  const knownFrom = milliseconds(answer.known_from) ?? points[0]?.at ?? now;

  const series: Steps = { x: [], y: [], unknown: [] };
  const push = (at: number, bikes: number | null) => {
    series.x.push(at / 1000);
    series.y.push(bikes);
  };
  let bikes: number | null = null;
  let next = 0;
  const drawUntil = (end: number, isInclusive: boolean) => {
    while (next < points.length && (points[next]!.at < end || (isInclusive && points[next]!.at === end))) {
      const point = points[next++]!;
      bikes = point.bikes;
      push(point.at, bikes);
    }
  };
  if (knownFrom > from) series.unknown.push({ from: from / 1000, to: Math.min(knownFrom, now) / 1000 });
  for (const gap of gaps) {
    drawUntil(gap.from, true);
    if (bikes !== null) {
      push(gap.from, bikes);
      push(gap.from + 1, null);
    }
    series.unknown.push({ from: gap.from / 1000, to: gap.to / 1000 });
    if (bikes !== null && points[next]?.at !== gap.to && gap.to <= (lastSeen ?? now)) push(gap.to, bikes);
  }
  drawUntil(Infinity, true);
  const lastGap = gaps.at(-1);
  const end = lastSeen ?? points.at(-1)?.at;
  if (bikes !== null && end !== undefined && end > (series.x.at(-1) ?? 0) * 1000 && !(lastGap && lastGap.to > end)) {
    push(end, bikes);
  }
  return series;
}

export interface HourBar {
  start: number;
  end: number;
  rentals: number | null;
  returns: number | null;
  lastRentals: number | null;
  lastReturns: number | null;
  emptySeconds: number | null;
  fullSeconds: number | null;
  isProvisional: boolean;
  why: string | null; // not final, and why
  seen: number | null; // share of the hour and of the stations of either week that was observed, of both hours the less
}

type Row = Sums & Pick<HourRow, 'start' | 'end'> & Partial<Pick<TotalsRow, 'state' | 'why' | 'stations'>>;

export interface Running {
  start: number;
  rentals: number;
  returns: number;
}

// One bar for each of the given windows, with the same local hour of a week before beside it.
export function hourBars(
  starts: readonly number[],
  windowMs: number,
  rows: readonly Row[],
  rowsBefore: readonly Row[],
  zone: string,
  running: Running | null,
): HourBar[] {
  const index = (of: readonly Row[]) => {
    const byStart = new Map<number, Row>();
    for (const row of of) {
      const start = Date.parse(row.start);
      const there = byStart.get(start);
      byStart.set(start, there ? together(there, row) : row);
    }
    return byStart;
  };
  const now = index(rows);
  const before = index(rowsBefore);
  return starts.map((start) => {
    const row = now.get(start);
    const last = before.get(shiftDays(start, -7, zone));
    const isRunning = !row && running !== null && running.start === start;
    return {
      start,
      end: start + windowMs,
      rentals: row?.total_rental ?? (isRunning ? running.rentals : null),
      returns: row?.total_return ?? (isRunning ? running.returns : null),
      lastRentals: last?.total_rental ?? null,
      lastReturns: last?.total_return ?? null,
      emptySeconds: row?.empty_seconds ?? null,
      fullSeconds: row?.full_seconds ?? null,
      isProvisional: isRunning || (row?.state !== undefined && row.state !== 'final'),
      why: row?.why ?? null,
      seen: row && last && (last.state ?? 'final') === 'final' ? seenOfBoth(row, last) : null,
    };
  });
}

function seenOfBoth(row: Row, last: Row): number {
  const stations = Math.max(row.stations ?? 1, last.stations ?? 1);
  return Math.min(row.observed_seconds, last.observed_seconds) / (stations * ((Date.parse(row.end) - Date.parse(row.start)) / 1000));
}

// The last hour of which nothing will change any more.
export function lastFinal(bars: readonly HourBar[]): HourBar | null {
  return bars.findLast((bar) => bar.rentals !== null && !bar.isProvisional) ?? null;
}

// Whether an hour may stand beside that of a week before: of hours that were seen for unlike parts a difference says
// nothing.
const kSeenEnough = 0.9;
export function isComparable(bar: HourBar): boolean {
  return bar.seen !== null && bar.seen >= kSeenEnough;
}

// The starts of `count` windows side by side, the last one that which holds `now`; each starts so many windows from
// `aligned`, as hours may start at :30 of UTC.
export function lastStarts(now: number, count: number, aligned: number, windowMs: number): number[] {
  const phase = ((aligned % windowMs) + windowMs) % windowMs;
  const last = Math.floor((now - phase) / windowMs) * windowMs + phase;
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * windowMs);
}
