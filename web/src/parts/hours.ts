// The last 24 hours, window by window, with the same of a week before, for all stations or one; fetched again when one
// ends or becomes final, and every five minutes.

import { type Signal, useComputed } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

import { client } from '../app.ts';
import { type HourBar, hourBars, kDayMs, kHourMs, lastStarts, type Running } from '../charts/series.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { type Loaded, useLoaded } from './loaded.ts';
import { useStation } from './station.ts';

const kRefreshMs = 300_000;

export interface Hours {
  bars: readonly HourBar[];
  loaded: Loaded<unknown>;
}

export function useLastHours(session: Session, station: string | null): Hours {
  const { windowMs } = session;
  // In steps, so that the second hand does not fetch.
  const at = useComputed(() => {
    const state = session.state.value;
    const now = session.now.value;
    const start = milliseconds(state?.hour?.start ?? null);
    return now === null ? null : (lastStarts(now, 1, start ?? 0, windowMs)[0] ?? null);
  }).value;
  const waits = useComputed(() => session.state.value?.waits.map((wait) => wait.hour).join() ?? '').value;
  const minute = useComputed(() => Math.floor((session.now.value ?? 0) / kRefreshMs)).value;
  const snapshots = session.snapshots.value;

  const loaded = useLoaded(
    async (signal) => {
      if (at === null) return null;
      const end = at + windowMs;
      const load = (first: number, end: number) =>
        station === null
          ? client.totals(session.info.id, first, end, signal)
          : client.hours(session.info.id, first, end, station, signal);
      // Two hours more on either side: a clock change moves last week's hours.
      const [rows, before] = await Promise.all([
        load(end - kDayMs, end),
        load(end - 8 * kDayMs - 2 * kHourMs, end - 7 * kDayMs + 2 * kHourMs),
      ]);
      return { rows, before };
    },
    `${session.info.id} ${station ?? ''} ${at === null}`,
    `${at} ${waits} ${snapshots} ${session.state.value?.speed === 1 ? minute : ''}`,
  );

  const running = useRunning(session, station);
  const bars = useMemo(
    () =>
      loaded.value && at !== null
        ? hourBars(
            lastStarts(at, kDayMs / windowMs, at, windowMs), windowMs, loaded.value.rows, loaded.value.before, session.zone,
            running,
          )
        : [],
    [loaded.value, at, running?.start, running?.rentals, running?.returns],
  );
  return { bars, loaded };
}

// For several who show the same: what changes with each second changes this alone, and not all that is around it.
export function LastHours({ session, into }: { session: Session; into: Signal<Hours | null> }): null {
  const hours = useLastHours(session, null);
  useEffect(() => {
    into.value = hours;
  }, [hours.bars, hours.loaded]);
  return null;
}

function useRunning(session: Session, station: string | null): Running | null {
  const of = useStation(session, station);
  if (!session.isConnected.value) return null;
  if (station === null) {
    const hour = session.state.value?.hour;
    return hour ? { start: Date.parse(hour.start), rentals: hour.rentals, returns: hour.returns } : null;
  }
  return of && of.hourMs !== null && of.rentals !== null && of.returns !== null
    ? { start: of.hourMs, rentals: of.rentals, returns: of.returns }
    : null;
}
