// What the events of one system add up to. A snapshot replaces every station, later events replace those
// that they name; an event that was already taken changes nothing.

import type { LiveEvent, Movement, SystemState } from '../api/types.ts';
import { type LiveStation, readStation, seenAgain } from './station.ts';

export const kMovementsKept = 200;

export interface Change {
  stations: boolean;
  positions: boolean; // a station came, went, or moved
  state: boolean;
  movements: boolean;
  isSnapshot: boolean;
}

export class LiveModel {
  readonly stations = new Map<string, LiveStation>();
  movements: Movement[] = []; // newest last
  state: SystemState | null = null;
  hasSnapshot = false;
  now: number | null = null; // of the latest event that has one

  apply(event: LiveEvent): Change {
    const change: Change = {
      stations: false,
      positions: false,
      state: false,
      movements: false,
      isSnapshot: false,
    };
    switch (event.name) {
      case 'snapshot':
        this.stations.clear();
        this.hasSnapshot = true;
        for (const station of event.data.stations) this.stations.set(station.id, readStation(station));
        this.now = Date.parse(event.data.now);
        return { ...change, stations: true, positions: true, isSnapshot: true };
      case 'stations':
        for (const station of event.data.stations) {
          const before = this.stations.get(station.id);
          change.positions ||=
            !before ||
            before.lat !== station.lat ||
            before.lon !== station.lon ||
            before.racks !== station.racks;
          this.stations.set(station.id, readStation(station));
        }
        this.now = Date.parse(event.data.now);
        return { ...change, stations: event.data.stations.length > 0 };
      case 'seen':
        for (const { at, ids } of event.data.seen) {
          for (const id of ids) {
            const station = this.stations.get(id);
            if (station) this.stations.set(id, seenAgain(station, at));
          }
        }
        this.now = Date.parse(event.data.now);
        return { ...change, stations: event.data.seen.length > 0 };
      case 'movements':
        return { ...change, movements: this.add(event.data.movements) };
      case 'state':
        this.state = event.data;
        this.now = Date.parse(event.data.now);
        return { ...change, state: true };
    }
  }

  // Those of before this page came, or of while it was away; they may overlap with what is there.
  add(movements: readonly Movement[]): boolean {
    // Mostly they go on where the last ones ended: few of those can be the same.
    const oldest = movements.reduce((least, { at }) => (at < least ? at : least), movements[0]?.at ?? '');
    const from = this.movements.findLastIndex(({ at }) => at < oldest) + 1;
    const known = new Set(this.movements.slice(from).map(keyOf));
    const added = movements.filter((movement) => !known.has(keyOf(movement)));
    if (added.length === 0) return false;
    this.movements = [...this.movements, ...added]
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)) // stable
      .slice(-kMovementsKept);
    return true;
  }
}

// A station has one count at a time, so this names a movement.
export function keyOf(movement: Movement): string {
  return `${movement.at} ${movement.id} ${movement.change}`;
}
