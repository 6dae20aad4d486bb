// A day of the lake, hour by hour, or window by window: on the map and as a table. A day is asked for once and can be
// played.

import { batch, useComputed, useSignal } from '@preact/signals';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { client, go, route, setItem } from '../app.ts';
import type { HourRow } from '../api/types.ts';
import { kDayMs, lastStarts } from '../charts/series.ts';
import { minutes, percent, signed, whole } from '../format/numbers.ts';
import { hourKey, isoDate, parseHourKey, startsOfDay } from '../format/times.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { hourClass, type HourMode, lengthOf, secondsOf } from '../map/classes.ts';
import { Day, partsOf } from '../map/day.ts';
import { useLoaded } from '../parts/loaded.ts';
import { text } from '../text/text.ts';
import { HourTable } from './hour_table.tsx';
import { type Coloured, MapPane } from './map_pane.tsx';
import { Player } from './player.tsx';

const kDaysKept = 4;
const kLookBackDays = 8;

// Days of which every hour is final never change, so they are kept; by system, with its zone and its windows, and date.
const kept = new Map<string, Day>();

async function dayOf(session: Session, date: string, hours: readonly number[], abort: AbortSignal): Promise<Day> {
  const key = [session.info.id, session.zone, session.windowMs, session.slideMs, date].join(' ');
  const there = kept.get(key);
  if (there) return there;
  const ask = (of: readonly number[]) =>
    client.hourColumns(session.info.id, of[0]!, of.at(-1)! + session.slideMs, abort);
  // What `about` said may be of before the first round was read.
  const stations = Math.max(session.info.stations, session.stations.peek().length);
  const day = new Day(await Promise.all(partsOf(hours, stations).map(ask)));
  if (day.isFinal(hours)) {
    kept.set(key, day);
    if (kept.size > kDaysKept) kept.delete(kept.keys().next().value!);
  }
  return day;
}

export function HistoryView({ session }: { session: Session }) {
  const t = text.value;
  const asked = route.value.item === null ? null : parseHourKey(route.value.item, session.zone, session.slideMs);
  const [tries, setTries] = useState(0);
  const retry = () => setTries(tries + 1);
  // Which hours there are: the newest one is where the history starts; else the one that runs, of which a day can be
  // chosen that is longer ago.
  const isNowKnown = useComputed(() => session.now.value !== null).value;
  const running = useComputed(() => milliseconds(session.state.value?.hour?.start ?? null)).value;
  const latest = useLoaded(
    async (abort) => {
      const now = session.now.peek();
      if (now === null) return null;
      const last = lastStarts(now, 1, running ?? 0, session.windowMs)[0]!;
      const end = last + session.windowMs;
      const totalsOf = (days: number) => client.totals(session.info.id, end - days * kDayMs, end, abort);
      // Most often there is one of the last day, and of many days the answer is a large one.
      let totals = await totalsOf(1);
      if (totals.length === 0) totals = await totalsOf(kLookBackDays);
      return { newest: milliseconds(totals.at(-1)?.start ?? null), running: last };
    },
    `${session.info.id} ${isNowKnown}`,
    `${running} ${tries}`,
  );
  const newest = latest.value?.newest ?? null;
  const start = asked ?? newest ?? latest.value?.running ?? null;

  if (start === null) {
    return (
      <main id="content" class="page" tabIndex={-1}>
        <h1>{t.historyTitle}</h1>
        <p class="hint">
          {latest.error ? latest.error.message : t.loading}{' '}
          {latest.error && (
            <button type="button" class="small" onClick={retry}>
              {t.retryNow}
            </button>
          )}
        </p>
      </main>
    );
  }
  return (
    <OneDay
      session={session}
      start={start}
      newest={newest}
      note={asked !== null ? null : newest === null ? t.noHistory(kLookBackDays) : route.value.item !== null ? t.badHour : null}
    />
  );
}

interface OneDayProps {
  session: Session;
  start: number;
  newest: number | null;
  note: string | null;
}

function OneDay({ session, start, newest, note }: OneDayProps) {
  const t = text.value;
  const zone = session.zone;
  const date = isoDate(start, zone);
  const hours = useMemo(() => startsOfDay(date, zone, session.slideMs), [date, zone, session.slideMs]);
  // An hour that ends, or becomes final, changes the day.
  const changes = useComputed(() => {
    const state = session.state.value;
    return state && [state.hour?.start, ...state.waits.map((wait) => wait.hour)].join();
  }).value;
  // The first state that is heard changes nothing.
  const first = useRef<string | null>(null);
  first.current ??= changes;
  const [tries, setTries] = useState(0);
  const retry = () => setTries(tries + 1);
  const loaded = useLoaded(
    (abort) => dayOf(session, date, hours, abort),
    `${session.info.id} ${date}`,
    `${changes === first.current ? '' : changes} ${tries}`,
  );
  const day = loaded.value;
  const error = loaded.error?.message ?? null;

  const rows = useSignal<ReadonlyMap<string, HourRow>>(new Map());
  const missing = useSignal<'loading' | 'failed' | null>(null); // the whole day
  useEffect(() => {
    batch(() => {
      rows.value = day?.byStation(start) ?? new Map();
      missing.value = day ? null : error === null ? 'loading' : 'failed';
    });
  }, [day, start, error]);
  const coloured = useCallback(
    (mode: HourMode): Coloured => {
      const of = rows.value;
      const t = text.value;
      const racks = (id: string) => session.station(id)?.racks ?? null;
      const none = missing.value === null ? t.legendNoRow : missing.value === 'loading' ? t.loadingDay : t.dayFailed;
      return {
        scale: mode,
        isPast: true,
        // Of a row that is there it may still be unknown how long.
        unknown: missing.value === null && (mode === 'empty' || mode === 'full') ? t.legendUnknown : none,
        note: mode === 'fill' ? t.legendRacksNow : null,
        classOf: (id) => hourClass(of.get(id), mode, racks(id)),
        countOf: (id) => countOf(of.get(id), mode, racks(id)),
        detailOf: (id) => {
          const row = of.get(id);
          if (!row) return none;
          const seen = percent(row.observed_seconds, lengthOf(row));
          return `${t.rentals} ${whole(row.total_rental)} · ${t.returns} ${whole(row.total_return)} · ${t.observed} ${seen}`;
        },
      };
    },
    [session],
  );

  return (
    <main id="content" class="history" tabIndex={-1}>
      <div class="page-head">
        <h1>{t.historyTitle}</h1>
        {note && <span class="muted">{note}</span>}
      </div>
      <Player
        session={session}
        hours={hours}
        start={start}
        newest={newest}
        date={date}
        day={day}
        error={error}
        show={(at) => setItem(hourKey(at, zone))}
        goTo={(at) => go('history', hourKey(at, zone), Object.fromEntries(route.value.params))}
      />
      <div class="history-map">
        <MapPane
          key={session.info.id}
          session={session}
          coloured={coloured}
          modes={[
            { key: 'net', label: t.mapNetHour },
            { key: 'fill', label: t.mapFillAtEnd },
            { key: 'activity', label: t.mapActivity },
            { key: 'empty', label: t.mapEmptyTime },
            { key: 'full', label: t.mapFullTime },
          ]}
          selected={null}
        />
      </div>
      <HourTable session={session} start={start} day={day} error={error} retry={retry} />
    </main>
  );
}

function countOf(row: HourRow | undefined, mode: HourMode, racks: number | null): string | null {
  if (!row) return null;
  switch (mode) {
    case 'net':
      return signed(row.total_return - row.total_rental);
    case 'fill':
      return whole(row.bikes_close);
    case 'activity':
      return whole(row.total_return + row.total_rental);
    case 'empty':
    case 'full':
      return minutes(secondsOf(row, mode, racks));
  }
}
