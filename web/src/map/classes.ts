// From numbers to the few classes that the map's colours stand for. Orange to yellow to blue can be told
// apart with every common kind of colour blindness, and empty, full and unknown differ in shape too: a hollow
// ring, a solid disc with a bright rim, a faint grey disc.

import type { HourRow } from '../api/types.ts';
import type { Theme } from '../preferences.ts';
import { fillOf, shareOf, type Standing } from '../live/standing.ts';
import type { LiveStation } from '../live/station.ts';

export type LiveMode = 'fill' | 'net';
export type HourMode = 'net' | 'fill' | 'activity' | 'empty' | 'full';
export type Scale = 'fill' | 'net' | 'activity' | 'empty' | 'full';

export interface Paint {
  fill: string;
  stroke: string;
  width: number;
  opacity: number;
}

// Class 0 is the unknown in every scale.
export const kUnknownClass = 0;

export function fillClass(standing: Standing, racks: number | null): number {
  if (!standing.isKnown) return kUnknownClass;
  if (standing.fill === 'empty') return 1;
  if (standing.fill === 'full') return 5;
  const share = shareOf(standing.bikes, racks);
  if (share === null) return 6;
  return share < 1 / 3 ? 2 : share < 2 / 3 ? 3 : 4;
}

export function netClass(net: number): number {
  return net <= -6 ? 1 : net <= -2 ? 2 : net < 2 ? 3 : net < 6 ? 4 : 5;
}

// Of the hour that is running; what was seen in another hour says nothing of it.
export function liveNetClass(station: LiveStation, standing: Standing, hour: number | null): number {
  if (!standing.isKnown || station.rentals === null || station.returns === null) return kUnknownClass;
  if (hour === null || station.hourMs !== hour) return kUnknownClass;
  return netClass(station.returns - station.rentals);
}

// `racks` are those of now: the lake does not have those of then.
export function hourClass(row: HourRow | undefined, mode: HourMode, racks: number | null): number {
  if (!row) return kUnknownClass;
  switch (mode) {
    case 'fill':
      return fillClass({ isKnown: true, fill: fillOf(row.bikes_close, racks), bikes: row.bikes_close }, racks);
    case 'net':
      return netClass(row.total_return - row.total_rental);
    case 'activity': {
      const all = row.total_return + row.total_rental;
      return all === 0 ? 1 : all < 5 ? 2 : all < 10 ? 3 : all < 20 ? 4 : 5;
    }
    case 'empty':
    case 'full':
      return timeClass(secondsOf(row, mode, racks), lengthOf(row));
  }
}

// How long a station was empty or full in the hour. Null, and not never: most of the hour was not seen, or it cannot be
// told without racks.
export function secondsOf(row: HourRow, of: 'empty' | 'full', racks: number | null): number | null {
  const seconds = of === 'empty' ? row.empty_seconds : row.full_seconds;
  if (seconds > 0) return seconds;
  if (of === 'full' && (racks === null || racks <= 0)) return null;
  return row.observed_seconds * 2 < lengthOf(row) ? null : seconds;
}

// In seconds.
export function lengthOf(row: HourRow): number {
  return (Date.parse(row.end) - Date.parse(row.start)) / 1000;
}

// Of a window of any length: never, less than these shares of it, all of it.
export const kTimeShares = [1 / 4, 1 / 2, 1] as const;

function timeClass(seconds: number | null, length: number): number {
  if (seconds === null) return kUnknownClass;
  return seconds === 0 ? 1 : 2 + kTimeShares.filter((share) => seconds >= share * length).length;
}

const kOranges = ['#eef0ee', '#f6d9a8', '#efb064', '#dd7d2c', '#b34a0c'];
const kBlues = ['#eef0ee', '#c5dcee', '#8dbbe0', '#4d8fc9', '#1d5a9e'];

function ramp(colours: readonly string[], rim: string, width = 1): Paint[] {
  return colours.map((fill) => ({ fill, stroke: rim, width, opacity: 0.95 }));
}

// By class, from 0 on.
export function paints(scale: Scale, theme: Theme): readonly Paint[] {
  const isDark = theme === 'dark';
  const ground = isDark ? '#1d242c' : '#ffffff';
  const rim = isDark ? '#0d1217' : '#5b5340';
  const unknown: Paint = isDark
    ? { fill: '#6f7983', stroke: '#7e8893', width: 1, opacity: 0.35 }
    : { fill: '#8d959d', stroke: '#7b838b', width: 1, opacity: 0.35 };
  switch (scale) {
    case 'fill': {
      const empty: Paint = { fill: ground, stroke: isDark ? '#ff9a57' : '#bf4308', width: 2.25, opacity: 1 };
      const full: Paint = isDark
        ? { fill: '#3f8ae8', stroke: '#dbeaff', width: 1.5, opacity: 1 }
        : { fill: '#174f94', stroke: '#0b2f5c', width: 1.5, opacity: 1 };
      return [
        unknown,
        empty,
        ...ramp(['#e9893f', '#f4d67e', '#8dbfe4'], isDark ? '#0d1217' : '#6b5a2c'),
        full,
        ...ramp(['#a898cf'], rim),
      ];
    }
    case 'net':
      return [unknown, ...ramp(['#bf4308', '#efa35f', isDark ? '#c9cdc6' : '#f1f1ea', '#7fb4de', '#174f94'], rim)];
    case 'activity':
    case 'full':
      return [unknown, ...ramp(kBlues, rim)];
    case 'empty':
      return [unknown, ...ramp(kOranges, rim)];
  }
}
