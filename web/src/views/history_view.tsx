// An hour of the lake on the map and as a table; a day can be played.

import { signal, useComputed, useSignal } from '@preact/signals';
import { useCallback, useEffect, useMemo } from 'preact/hooks';

import { client, go, route, setParams } from '../app.ts';
import type { HourRow, TotalsRow } from '../api/types.ts';
import { kDayMs, kHourMs, lastHours } from '../charts/series.ts';
import { minutes, percent, signed, whole } from '../format/numbers.ts';
import { clockTime, dayName, hourKey, hoursOfDay, isoDate, parseHourKey } from '../format/times.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { hourClass, type HourMode } from '../map/classes.ts';
import { useLoaded } from '../parts/loaded.ts';
import { CsvButton, Icon } from '../parts/marks.tsx';
import { hourFileName } from '../parts/sheets.ts';
import { type Column, sorted, Table } from '../parts/table.tsx';
import { language } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';
import { whyWords } from '../text/waits.ts';
import { type Coloured, MapPane } from './map_pane.tsx';

const kModes: readonly HourMode[] = ['net', 'activity', 'empty', 'full'];
const kStepMs = 1_200; // an hour of a played day
const kKept = 50; // hours in memory, so that a day can be played twice
const kLookBackDays = 8;

type ByStation = ReadonlyMap<string, HourRow>;

// Rows of final hours never change, so they are kept; by system and start.
const kept = new Map<string, HourRow[]>();

async function rowsOf(session: Session, start: number, isFinal: boolean, abort: AbortSignal): Promise<HourRow[]> {
  const key = `${session.info.id} ${start}`;
  const there = kept.get(key);
  if (there) return there;
  const rows = await client.hours(session.info.id, start, start + kHourMs, null, abort);
  if (isFinal) {
    kept.set(key, rows);
    if (kept.size > kKept) kept.delete(kept.keys().next().value!);
  }
  return rows;
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
    <Hour
      session={session}
      start={start}
      newest={newest ? Date.parse(newest.start) : null}
      note={route.value.item !== null && asked === null ? t.badHour : null}
    />
  );
}

interface HourProps {
  session: Session;
  start: number;
  newest: number | null;
  note: string | null;
}

function Hour({ session, start, newest, note }: HourProps) {
  const t = text.value;
  const { params } = route.value;
  const zone = session.zone;
  const mode = kModes.find((key) => key === params.get('map')) ?? 'net';
  const date = isoDate(start, zone);
  const hours = useMemo(() => hoursOfDay(date, zone), [date, zone]);
  const running = milliseconds(session.state.value?.hour?.start ?? null);
  const day = useLoaded(
    (abort) => client.totals(session.info.id, hours[0]!, hours.at(-1)! + kHourMs, abort),
    `${session.info.id} ${date}`,
    running,
  );
  const sums = day.value?.find((sum) => Date.parse(sum.start) === start) ?? null;
  const isFinal = sums?.state === 'final';
  const hour = useLoaded((abort) => rowsOf(session, start, isFinal, abort), `${session.info.id} ${start}`, isFinal);

  // The map keeps the last hour's colours until the next one is here: no flicker while a day plays.
  const shown = useSignal<ByStation>(new Map());
  useEffect(() => {
    if (hour.value) shown.value = new Map(hour.value.map((row) => [row.stationId, row]));
  }, [hour.value]);
  useEffect(() => {
    // The next hour, before it is asked for.
    const abort = new AbortController();
    const next = start + kHourMs;
    const isNextFinal = day.value?.some((sum) => Date.parse(sum.start) === next && sum.state === 'final');
    if (isNextFinal && hour.value) void rowsOf(session, next, true, abort.signal).catch(() => undefined);
    return () => abort.abort();
  }, [start, hour.value, day.value]);

  const coloured = useCallback((): Coloured => {
    const rows = shown.value;
    return {
      scale: mode,
      unknown: text.value.legendNoRow,
      classOf: (id) => hourClass(rows.get(id), mode),
      countOf: (id) => countOf(rows.get(id), mode),
      detailOf: (id) => {
        const row = rows.get(id);
        return row
          ? `${text.value.rentals} ${whole(row.total_rental)} · ${text.value.returns} ${whole(row.total_return)}`
          : text.value.legendNoRow;
      },
    };
  }, [session, mode]);

  const show = (at: number) => go('history', hourKey(at, zone), Object.fromEntries(params));
  return (
    <main id="content" class="history" tabIndex={-1}>
      <div class="page-head">
        <h1>{t.historyTitle}</h1>
        {note && <span class="muted">{note}</span>}
      </div>
      <Player session={session} hours={hours} start={start} newest={newest} date={date} day={day.value} show={show} />
      <div class="history-map">
        <MapPane
          key={session.info.id}
          session={session}
          coloured={coloured}
          modes={[
            { key: 'net', label: t.mapNetHour },
            { key: 'activity', label: t.mapActivity },
            { key: 'empty', label: t.mapEmptyTime },
            { key: 'full', label: t.mapFullTime },
          ]}
          mode={mode}
          onMode={(key) => setParams({ map: key === 'net' ? null : key })}
          selected={null}
        />
      </div>
      <HourTable session={session} start={start} sums={sums} rows={hour.value} error={hour.error?.message ?? null} />
    </main>
  );
}

function countOf(row: HourRow | undefined, mode: HourMode): string | null {
  if (!row) return null;
  switch (mode) {
    case 'net':
      return signed(row.total_return - row.total_rental);
    case 'activity':
      return whole(row.total_return + row.total_rental);
    case 'empty':
      return minutes(row.empty_seconds);
    case 'full':
      return minutes(row.full_seconds);
  }
}

interface PlayerProps {
  session: Session;
  hours: readonly number[];
  start: number;
  newest: number | null;
  date: string;
  day: TotalsRow[] | null;
  show: (at: number) => void;
}

const isPlaying = signal(false);

function Player({ session, hours, start, newest, date, day, show }: PlayerProps) {
  const t = text.value;
  const zone = session.zone;
  const index = Math.max(0, hours.indexOf(start));
  const last = newest === null ? hours.length - 1 : Math.max(0, hours.findLastIndex((at) => at <= newest));
  const sums = day?.find((sum) => Date.parse(sum.start) === start);
  useEffect(() => {
    if (!isPlaying.value) return;
    const timer = setTimeout(() => {
      if (index >= last) isPlaying.value = false;
      else show(hours[index + 1]!);
    }, kStepMs);
    return () => clearTimeout(timer);
  }, [isPlaying.value, index, last, date]);
  useEffect(
    () => () => {
      isPlaying.value = false;
    },
    [],
  );
  const words = t.hourOf(clockTime(start, zone), clockTime(start + kHourMs, zone));
  return (
    <div class="player">
      <label>
        <span class="visually-hidden">{t.day}</span>
        <input
          type="date"
          value={date}
          max={newest === null ? undefined : isoDate(newest, zone)}
          onChange={(event) => {
            const day = event.currentTarget.value;
            if (!/^\d{4}-\d\d-\d\d$/.test(day)) return;
            const of = hoursOfDay(day, zone);
            show(of[Math.min(index, of.length - 1)]!);
          }}
        />
      </label>
      <button
        type="button"
        class="primary"
        onClick={() => {
          if (!isPlaying.value && index >= last) show(hours[0]!);
          isPlaying.value = !isPlaying.value;
        }}
      >
        <Icon name={isPlaying.value ? 'pause' : 'play'} /> {isPlaying.value ? t.pause : t.play}
      </button>
      <input
        type="range"
        min={0}
        max={hours.length - 1}
        value={index}
        aria-label={t.hourSlider}
        aria-valuetext={words}
        onInput={(event) => {
          isPlaying.value = false;
          show(hours[Number(event.currentTarget.value)]!);
        }}
      />
      <output class="player-hour">
        <b>{words}</b> <span class="muted">{dayName(start, zone, language.value)}</span>
      </output>
      {newest !== null && newest !== start && (
        <button type="button" onClick={() => show(newest)}>
          {t.latestHour}
        </button>
      )}
      {sums && (
        <span class={`tag ${sums.state}`}>
          {{ final: t.final, open: t.open, waiting: t.waiting }[sums.state]}
          {sums.why && `: ${whyWords(start, sums.why, session.state.value?.waits ?? [], zone, t)}`}
        </span>
      )}
    </div>
  );
}

interface TableProps {
  session: Session;
  start: number;
  sums: TotalsRow | null;
  rows: HourRow[] | null;
  error: string | null;
}

function HourTable({ session, start, sums, rows, error }: TableProps) {
  const t = text.value;
  void session.positions.value; // names
  const columns = hourColumns(session);
  const order = route.value.params.get('sort') ?? '-activity';
  return (
    <section class="panel hour-table" aria-label={t.rows}>
      <div class="card-head">
        <h2>{t.rows}</h2>
        {sums && (
          <span class="muted">
            {t.totalsOf(whole(sums.stations))} · {t.rentals} <b>{whole(sums.total_rental)}</b> · {t.returns}{' '}
            <b>{whole(sums.total_return)}</b> · {t.net} <b>{signed(sums.total_return - sums.total_rental)}</b>
          </span>
        )}
        <span class="spring" />
        <CsvButton
          what={t.rows}
          sheet={{
            name: hourFileName(session, 'hour', start),
            header: kHeader,
            rows: () => sorted(rows ?? [], columns, order).map((row) => kHeader.map((name) => row[name])),
          }}
        />
      </div>
      {error && <p class="hint bad-text">{error}</p>}
      {!error && rows === null && <p class="hint">{t.loadingHour}</p>}
      {rows?.length === 0 && <p class="hint">{t.noRows}</p>}
      {rows && rows.length > 0 && (
        <Table label={t.rows} columns={columns} rows={rows} keyOf={(row) => row.stationId} sort="-activity" />
      )}
    </section>
  );
}

const kHeader: readonly (keyof HourRow)[] = [
  'start', 'end', 'stationId', 'total_rental', 'total_return', 'unobserved_change', 'bikes_open', 'bikes_close',
  'bikes_min', 'bikes_max', 'observed_seconds', 'empty_seconds', 'full_seconds', 'largest_rental', 'largest_return',
];

function hourColumns(session: Session): Column<HourRow>[] {
  const t = text.value;
  const number = (
    key: string,
    head: string,
    value: (row: HourRow) => number,
    isWideOnly = false,
    cell: (row: HourRow) => string = (row) => whole(value(row)),
  ): Column<HourRow> => ({ key, head, isNumeric: true, isWideOnly, value, cell });
  const title = (id: string) => session.station(id)?.title ?? id;
  return [
    {
      key: 'name',
      head: t.station,
      value: (row) => title(row.stationId),
      cell: (row) => {
        const station = session.station(row.stationId);
        return (
          <a href={hashOf(session.info.id, 'station', row.stationId)}>
            {station?.number && <span class="number">{station.number}</span>} {title(row.stationId)}
          </a>
        );
      },
    },
    number('rentals', t.rentals, (row) => row.total_rental),
    number('returns', t.returns, (row) => row.total_return),
    number('net', t.net, (row) => row.total_return - row.total_rental, false, (row) =>
      signed(row.total_return - row.total_rental),
    ),
    number('activity', t.mapActivity, (row) => row.total_return + row.total_rental, true),
    number('unseen', t.unobserved, (row) => row.unobserved_change, true, (row) => signed(row.unobserved_change)),
    number('close', t.openClose, (row) => row.bikes_close, false, (row) => `${row.bikes_open} → ${row.bikes_close}`),
    number('max', t.minMax, (row) => row.bikes_max, true, (row) => `${row.bikes_min}–${row.bikes_max}`),
    number('observed', t.observed, (row) => row.observed_seconds, true, (row) =>
      percent(row.observed_seconds, (Date.parse(row.end) - Date.parse(row.start)) / 1000),
    ),
    number('empty', t.emptyMinutes, (row) => row.empty_seconds, true, (row) => minutes(row.empty_seconds)),
    number('full', t.fullMinutes, (row) => row.full_seconds, true, (row) => minutes(row.full_seconds)),
  ];
}
