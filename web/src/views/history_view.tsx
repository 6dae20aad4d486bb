// A day of the lake, hour by hour: on the map and as a table. A day comes in one answer and can be played.

import { useComputed, useSignal } from '@preact/signals';
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';

import { client, go, route, setItem } from '../app.ts';
import type { HourRow } from '../api/types.ts';
import { kDayMs, kHourMs, lastHours } from '../charts/series.ts';
import { minutes, signed, whole } from '../format/numbers.ts';
import { hourKey, hoursOfDay, isoDate, parseHourKey } from '../format/times.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { hourClass, type HourMode } from '../map/classes.ts';
import { Day } from '../map/day.ts';
import { useLoaded } from '../parts/loaded.ts';
import { text } from '../text/text.ts';
import { HourTable } from './hour_table.tsx';
import { type Coloured, MapPane } from './map_pane.tsx';
import { Player } from './player.tsx';

const kDaysKept = 4;
const kLookBackDays = 8;

// Days of which every hour is final never change, so they are kept; by system and date.
const kept = new Map<string, Day>();

async function dayOf(session: Session, date: string, hours: readonly number[], abort: AbortSignal): Promise<Day> {
  const key = `${session.info.id} ${date}`;
  const there = kept.get(key);
  if (there) return there;
  const day = new Day(await client.hourColumns(session.info.id, hours[0]!, hours.at(-1)! + kHourMs, abort));
  if (day.isFinal(hours)) {
    kept.set(key, day);
    if (kept.size > kDaysKept) kept.delete(kept.keys().next().value!);
  }
  return day;
}

export function HistoryView({ session }: { session: Session }) {
  const t = text.value;
  const asked = route.value.item === null ? null : parseHourKey(route.value.item, session.zone);
  // Which hours there are: the newest one is where the history starts.
  const isNowKnown = useComputed(() => session.now.value !== null).value;
  const running = useComputed(() => milliseconds(session.state.value?.hour?.start ?? null)).value;
  const latest = useLoaded(
    async (abort) => {
      const now = session.now.peek();
      if (now === null) return null;
      const end = (lastHours(now, 1, running ?? 0)[0] ?? now) + kHourMs;
      return client.totals(session.info.id, end - kLookBackDays * kDayMs, end, abort);
    },
    `${session.info.id} ${isNowKnown}`,
    running,
  );
  const newest = latest.value?.at(-1);
  const start = asked ?? (newest ? Date.parse(newest.start) : null);

  if (start === null) {
    return (
      <main id="content" class="page" tabIndex={-1}>
        <h1>{t.historyTitle}</h1>
        <p class="hint">
          {latest.error ? latest.error.message : latest.value === null || latest.isLoading ? t.loading : t.noHistory}
        </p>
      </main>
    );
  }
  return (
    <OneDay
      session={session}
      start={start}
      newest={newest ? Date.parse(newest.start) : null}
      note={route.value.item !== null && asked === null ? t.badHour : null}
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
  const hours = useMemo(() => hoursOfDay(date, zone), [date, zone]);
  // An hour that ends, or becomes final, changes the day.
  const changes = useComputed(() => {
    const state = session.state.value;
    return state && [state.hour?.start, ...state.waits.map((wait) => wait.hour)].join();
  }).value;
  // The first state that is heard changes nothing.
  const first = useRef<string | null>(null);
  first.current ??= changes;
  const loaded = useLoaded(
    (abort) => dayOf(session, date, hours, abort),
    `${session.info.id} ${date}`,
    changes === first.current ? null : changes,
  );
  const day = loaded.value;

  const rows = useSignal<ReadonlyMap<string, HourRow>>(new Map());
  useEffect(() => {
    rows.value = day?.byStation(start) ?? new Map();
  }, [day, start]);
  const coloured = useCallback(
    (mode: HourMode): Coloured => {
      const of = rows.value;
      return {
        scale: mode,
        unknown: text.value.legendNoRow,
        note: mode === 'fill' ? text.value.legendRacksNow : null,
        classOf: (id) => hourClass(of.get(id), mode, session.station(id)?.racks ?? null),
        countOf: (id) => countOf(of.get(id), mode),
        detailOf: (id) => {
          const row = of.get(id);
          return row
            ? `${text.value.rentals} ${whole(row.total_rental)} · ${text.value.returns} ${whole(row.total_return)}`
            : text.value.legendNoRow;
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
      <HourTable session={session} start={start} day={day} error={loaded.error?.message ?? null} />
    </main>
  );
}

function countOf(row: HourRow | undefined, mode: HourMode): string | null {
  if (!row) return null;
  switch (mode) {
    case 'net':
      return signed(row.total_return - row.total_rental);
    case 'fill':
      return whole(row.bikes_close);
    case 'activity':
      return whole(row.total_return + row.total_rental);
    case 'empty':
      return minutes(row.empty_seconds);
    case 'full':
      return minutes(row.full_seconds);
  }
}
