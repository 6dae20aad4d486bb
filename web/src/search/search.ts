// Stations by name, number or id. Every word asked for must be found; the better the place, the earlier.

import type { LiveStation } from '../live/station.ts';
import { fold, indexOf, query } from './hangul.ts';

interface Entry {
  station: LiveStation;
  title: string[];
  number: string;
  id: string;
}

const kEntries = new WeakMap<LiveStation, Entry>();
const kLetters = new Map<string, string[]>();

function entryOf(station: LiveStation): Entry {
  let entry = kEntries.get(station);
  if (!entry) {
    // A station is a new object with each change; its name hardly ever is.
    let title = kLetters.get(station.title);
    if (!title) {
      title = [...fold(station.title)];
      kLetters.set(station.title, title);
    }
    entry = { station, title, number: station.number ?? '', id: station.id.toLowerCase() };
    kEntries.set(station, entry);
  }
  return entry;
}

// 0: not found; the higher, the better.
function rank(entry: Entry, word: string, letters: readonly string[]): number {
  const lower = word.toLowerCase();
  if (entry.number === lower || entry.id === lower) return 6;
  const at = indexOf(letters, entry.title);
  if (at === 0 && letters.length === entry.title.length) return 5;
  if (entry.number !== '' && entry.number.startsWith(lower)) return 4;
  if (at === 0) return 3;
  if (at > 0) return 2;
  return entry.id.includes(lower) ? 1 : 0;
}

export function search(stations: Iterable<LiveStation>, text: string, limit = Infinity): LiveStation[] {
  // "102.망원역" is a number and a name.
  const words = text.trim().replace(/^(\d+)\./, '$1 ').split(/\s+/u).filter(Boolean);
  if (words.length === 0) return [];
  const letters = words.map(query);
  const found: { entry: Entry; score: number }[] = [];
  for (const station of stations) {
    const entry = entryOf(station);
    let score = 0;
    for (let i = 0; i < words.length; ++i) {
      const of = rank(entry, words[i]!, letters[i]!);
      if (of === 0) {
        score = 0;
        break;
      }
      score += of;
    }
    if (score > 0) found.push({ entry, score });
  }
  found.sort(
    (a, b) =>
      b.score - a.score ||
      a.entry.title.length - b.entry.title.length ||
      Number(a.entry.number || Infinity) - Number(b.entry.number || Infinity) ||
      (a.entry.id < b.entry.id ? -1 : 1),
  );
  return found.slice(0, limit).map(({ entry }) => entry.station);
}
