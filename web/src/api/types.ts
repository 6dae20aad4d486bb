// What the HTTP API says, word for word. Times are ISO 8601 in UTC; unknown is null, never 0.

export type Time = string;
export type Fill = 'empty' | 'some' | 'full';

export interface Tiles {
  url: string;
  attribution: string;
}

export interface SystemInfo {
  id: string;
  name: string;
  timezone: string;
  stations: number;
  stale_after_s: number;
  window_s: number; // how long what is called an hour is here
  slide_s: number; // from the start of one to that of the next
}

export interface About {
  version: string;
  now: Time;
  is_demo: boolean;
  tiles: Tiles | null;
  systems: SystemInfo[];
}

export interface Station {
  id: string;
  name: string | null;
  lat: number | null;
  lon: number | null;
  bikes: number | null;
  racks: number | null;
  observed_at: Time | null;
  fill: Fill | null;
  since: Time | null;
  since_is_exact: boolean;
  renting: boolean | null;
  returning: boolean | null;
  hour: Time | null;
  rentals: number | null;
  returns: number | null;
  is_read: boolean;
}

export interface Movement {
  at: Time;
  id: string;
  change: number;
  bikes: number;
}

export interface HourSum {
  start: Time;
  rentals: number;
  returns: number;
}

export interface WaitingPart {
  partition: number;
  watermark: Time | null;
  lag: number | null; // records that are there and not yet read
  stopped: string | null; // why it cannot go on
}

export interface Wait {
  hour: Time;
  needs: Time;
  why: string;
  parts: WaitingPart[];
}

export interface Feed {
  is_failing: boolean;
  succeeded_at: Time | null;
  data_at: Time | null;
  failures_in_a_row: number;
  reason: string | null;
  text: string | null;
  polls: number;
  failures: number;
  rounds_rejected: number;
  frozen: number;
  budget: string | null;
}

export interface SystemState {
  now: Time;
  speed: number;
  data_at: Time | null;
  bikes: number | null;
  stations: { known: number; empty: number | null; full: number | null; stale: number };
  hour: HourSum | null;
  last_week: HourSum | null;
  waits: Wait[];
  feed: Feed | null;
}

export interface StationsAnswer {
  now: Time;
  stations: Station[];
}

// Stations that were seen again as they were.
export interface SeenAgain {
  now: Time;
  seen: { at: Time; ids: string[] }[];
}

export interface MovementsAnswer {
  movements: Movement[];
}

// Empty or full at that time, if the net flow of the last over_s seconds goes on.
export interface Forecast {
  id: string;
  becomes: 'empty' | 'full';
  at: Time;
  net: number;
  over_s: number;
}

export interface Frozen {
  id: string;
  since: Time;
}

export interface Flapping extends Frozen {
  low: number;
  high: number;
  changes: number;
}

export interface Outlook {
  now: Time;
  soon: Forecast[];
  frozen: Frozen[];
  flapping: Flapping[];
}

export interface BikesAnswer {
  now: Time;
  known_from: Time | null;
  points: { at: Time; bikes: number }[];
  gaps: { from: Time; to: Time }[];
  last_seen: Time | null;
}

export interface HourRow {
  start: Time;
  end: Time;
  stationId: string;
  total_rental: number;
  total_return: number;
  unobserved_change: number;
  bikes_open: number;
  bikes_close: number;
  bikes_min: number;
  bikes_max: number;
  observed_seconds: number;
  empty_seconds: number;
  full_seconds: number;
  largest_rental: number;
  largest_return: number;
}

export type HourState = 'final' | 'open' | 'waiting';

// Of a day: each column in the order of `stations`, null where a station has no row in the hour.
export type HourColumn = Exclude<keyof HourRow, 'start' | 'end' | 'stationId'>;
export type ColumnsOfHour = Record<HourColumn, (number | null)[]> & {
  start: Time;
  end: Time;
  state: HourState;
  why: string | null;
};
export interface HourColumnsAnswer {
  stations: string[];
  hours: ColumnsOfHour[];
}

export interface TotalsRow {
  start: Time;
  end: Time;
  state: HourState;
  why: string | null;
  stations: number;
  total_rental: number;
  total_return: number;
  unobserved_change: number;
  bikes_close: number;
  observed_seconds: number;
  empty_seconds: number;
  full_seconds: number;
}

export type LiveEvent =
  | { name: 'snapshot'; data: StationsAnswer }
  | { name: 'stations'; data: StationsAnswer }
  | { name: 'seen'; data: SeenAgain }
  | { name: 'movements'; data: MovementsAnswer }
  | { name: 'state'; data: SystemState };
