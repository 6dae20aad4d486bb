// One station: what is known of it now, its last 24 hours, and hour by hour with last week beside.

import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useComputed } from '@preact/signals';

import { client } from '../app.ts';
import { BikesChart } from '../charts/bikes_chart.tsx';
import { steps } from '../charts/series.ts';
import { whole } from '../format/numbers.ts';
import { clockTime, clockTimeSeconds, dayName, span, timeNear } from '../format/times.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import type { LiveStation } from '../live/station.ts';
import { fillClass } from '../map/classes.ts';
import { ChartCard } from '../parts/chart_card.tsx';
import { useLastHours } from '../parts/hours.ts';
import { useLoaded } from '../parts/loaded.ts';
import { Icon, Mark } from '../parts/marks.tsx';
import { fileName } from '../parts/sheets.ts';
import { useStation } from '../parts/station.ts';
import { ageWords, durationWords, sinceWords, stateWords } from '../parts/words.ts';
import { language } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';
import { EmptyFull, Flow } from './flow.tsx';

const kBikesEveryMs = 5_000; // at most, by the local clock
const kBikesAnywayMs = 60_000;

export function StationView({ session, id }: { session: Session; id: string }) {
  const t = text.value;
  const station = useStation(session, id);
  const title = useRef<HTMLHeadingElement>(null);
  const isThere = station !== undefined;
  useEffect(() => title.current?.focus({ preventScroll: true }), [id, isThere]);
  const back = (
    <a class="back" href={hashOf(session.info.id)}>
      <Icon name="left" /> {t.back}
    </a>
  );
  if (!station) {
    return (
      <div class="station">
        {back}
        <p class="hint">{session.snapshots.value === 0 ? t.loadingStations : t.stationUnknown(id)}</p>
      </div>
    );
  }
  return (
    <div class="station">
      {back}
      <div class="station-head">
        <h2 ref={title} tabIndex={-1}>
          {station.title}
        </h2>
        <p class="muted">
          {station.number && `${t.number} ${station.number} · `}
          {station.id}
        </p>
      </div>
      <Now session={session} station={station} />
      <Bikes session={session} station={station} />
      <HourlyCharts session={session} id={id} />
    </div>
  );
}

function Now({ session, station }: { session: Session; station: LiveStation }) {
  const t = text.value;
  const now = session.now.value ?? 0;
  const standing = session.standingOf(station);
  const hour = session.state.value?.hour?.start;
  const hasHour = standing.isKnown && hour !== undefined && station.hour === hour;
  return (
    <dl class="now">
      <div>
        <dt>{t.bikes}</dt>
        <dd class="big">{standing.isKnown ? whole(standing.bikes) : '?'}</dd>
        <dd class="muted">
          {t.racks} {whole(station.racks)}
        </dd>
      </div>
      <div>
        <dt>{t.state}</dt>
        <dd class="state">
          <Mark scale="fill" of={fillClass(standing, station.racks)} /> {stateWords(standing)}
        </dd>
        {standing.isKnown ? (
          <dd class="muted">
            {durationWords(station, now)} · {sinceWords(station, now, session.zone)}
          </dd>
        ) : (
          <dd class="muted">
            {t.why[standing.why]}
            {station.bikes !== null && station.observedMs !== null &&
              ` · ${t.lastCount(whole(station.bikes), span(now - station.observedMs, language.value))}`}
          </dd>
        )}
        {station.renting === false && <dd class="warn-text">{t.noRenting}</dd>}
        {station.returning === false && <dd class="warn-text">{t.noReturning}</dd>}
      </div>
      <div>
        <dt>{t.thisHour}</dt>
        <dd>
          <span class="change rental">{t.rented(hasHour ? whole(station.rentals) : '–')}</span>{' '}
          <span class="change return">{t.returned(hasHour ? whole(station.returns) : '–')}</span>
        </dd>
        <dd class="muted">{t.provisional}</dd>
      </div>
      <div>
        <dt>{t.seen}</dt>
        <dd>{ageWords(session, station)}</dd>
        <dd class="muted">
          {station.observedMs === null ? '' : timeNear(station.observedMs, now, session.zone, language.value)}
        </dd>
      </div>
    </dl>
  );
}

function Bikes({ session, station }: { session: Session; station: LiveStation }) {
  const t = text.value;
  // Anew when it was seen again, but not more often than every few seconds of the visitor's.
  const lastAt = useRef(0);
  const fetchedFor = useRef('');
  const beat = useComputed(() => session.clock.value).value;
  const local = Date.now();
  const seen = `${station.bikes} ${station.is_read} ${session.snapshots.value}`;
  const since = local - lastAt.current;
  if ((seen !== fetchedFor.current.split('|')[0] && since > kBikesEveryMs) || since > kBikesAnywayMs) {
    lastAt.current = local;
    fetchedFor.current = `${seen}|${local}`;
  }
  void beat;
  const loaded = useLoaded(
    (signal) => client.bikes(session.info.id, station.id, signal),
    `${session.info.id} ${station.id}`,
    fetchedFor.current,
  );
  const series = useMemo(() => (loaded.value ? steps(loaded.value) : null), [loaded.value]);
  const answer = loaded.value;
  const now = answer ? Date.parse(answer.now) : 0;
  const knownFrom = milliseconds(answer?.known_from ?? null);
  const at = (ms: number) => `${dayName(ms, session.zone, language.value)} ${clockTime(ms, session.zone)}`;
  return (
    <ChartCard
      title={t.last24}
      {...(knownFrom !== null && now - knownFrom < 86_000_000
        ? { hint: t.knownFrom(timeNear(knownFrom, now, session.zone, language.value)) }
        : {})}
      head={[t.time, t.bikes]}
      rows={() => {
        const points = (answer?.points ?? []).map((point) => ({ at: Date.parse(point.at), words: whole(point.bikes) }));
        const gaps = (answer?.gaps ?? []).map((gap) => ({
          at: Date.parse(gap.from),
          words: `${t.unknownNow} → ${clockTime(Date.parse(gap.to), session.zone)}`,
        }));
        return [...points, ...gaps]
          .sort((a, b) => b.at - a.at)
          .map((row) => [`${at(row.at)}:${clockTimeSeconds(row.at, session.zone).slice(-2)}`, row.words]);
      }}
      sheet={{
        name: fileName(session, `bikes-${station.id}`),
        header: ['at', 'bikes', 'unknown_until'],
        rows: () => [
          ...(answer?.points ?? []).map((point) => [point.at, point.bikes, null]),
          ...(answer?.gaps ?? []).map((gap) => [gap.from, null, gap.to]),
        ].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
      }}
    >
      {loaded.error && <p class="hint bad-text">{loaded.error.message}</p>}
      {!answer && !loaded.error && <p class="hint">{t.loading}</p>}
      {answer && answer.points.length === 0 && <p class="hint">{t.noPoints}</p>}
      {series && series.x.length > 0 && (
        <BikesChart steps={series} now={now} racks={station.racks} zone={session.zone} />
      )}
    </ChartCard>
  );
}

function HourlyCharts({ session, id }: { session: Session; id: string }) {
  const t = text.value;
  const hours = useLastHours(session, id);
  return (
    <>
      <Flow session={session} title={t.hourly} hours={hours} height={170} name={`hours-${id}`} />
      <EmptyFull session={session} hours={hours} />
    </>
  );
}
