// A station as the page works with it: the API's words, and what is derived from them once.

import type { Station } from '../api/types.ts';

export interface LiveStation extends Station {
  title: string; // the name without its number; the id where there is none
  number: string | null; // 102 of "102. 망원역 1번출구 앞"
  observedMs: number | null;
  sinceMs: number | null;
  hourMs: number | null;
}

const kNumbered = /^\s*(\d+)\s*\.\s*(.+?)\s*$/u;

export function milliseconds(time: string | null): number | null {
  if (time === null) return null;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}

export function readStation(station: Station): LiveStation {
  const found = station.name === null ? null : kNumbered.exec(station.name);
  const plain = station.name?.trim();
  return {
    ...station,
    title: found?.[2] ?? (plain ? plain : station.id),
    number: found?.[1] ?? null,
    observedMs: milliseconds(station.observed_at),
    sinceMs: milliseconds(station.since),
    hourMs: milliseconds(station.hour),
  };
}

export function seenAgain(station: LiveStation, at: string): LiveStation {
  return { ...station, observed_at: at, observedMs: milliseconds(at) };
}
