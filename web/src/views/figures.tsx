// The key figures. Each says what it counts and as of when; a value that is no longer known is grey, and one
// that never was is a dash.

import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

import { changePercent, percent, whole } from '../format/numbers.ts';
import { clockTime, clockTimeSeconds, span, timeNear } from '../format/times.ts';
import { about } from '../app.ts';
import { type HourBar, isComparable, lastFinal } from '../charts/series.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import type { Feed, HourSum } from '../api/types.ts';
import type { Hours } from '../parts/hours.ts';
import { Mark } from '../parts/marks.tsx';
import { language } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';

interface FigureProps {
  label: string;
  value: ComponentChildren;
  mark?: number;
  notes: readonly (string | null)[];
  href?: string;
  tone?: 'bad' | 'warn' | undefined;
}

function Figure({ label, value, mark, notes, href, tone }: FigureProps) {
  const words = notes.filter((note) => note !== null);
  return (
    <div class={`figure ${tone ?? ''}`}>
      <dt>
        {mark !== undefined && <Mark scale="fill" of={mark} />}
        {href ? <a href={href}>{label}</a> : label}
      </dt>
      <dd>
        <span class="value">{value}</span>
        {words.map((note) => (
          <span class="note" key={note}>
            {note}
          </span>
        ))}
      </dd>
    </div>
  );
}

export function Figures({ session, hours }: { session: Session; hours: ReadonlySignal<Hours | null> }) {
  const t = text.value;
  const state = session.state.value;
  const counted = session.counted.value;
  const isConnected = session.isConnected.value;
  const now = session.now.value;
  const known = counted ? counted.known - counted.stale : null;
  // While the connection is lost these are what was last known, not that all are unknown.
  const shown = isConnected || !state ? counted : state.stations;
  const asOf = !isConnected && state ? t.asOf(clockTimeSeconds(Date.parse(state.now), session.zone)) : null;
  const share = (n: number | null | undefined) =>
    isConnected && typeof n === 'number' && known ? t.ofStations(percent(n, known)) : asOf;
  const last = lastFinal(hours.value?.bars ?? []);
  const toTable = (state: string) => hashOf(session.info.id, 'stations', null, { state });
  return (
    <section class={`figures ${isConnected || !state ? '' : 'greyed'}`} aria-label={t.figures}>
      <dl>
        <Figure
          label={t.bikesParked}
          value={whole(state?.bikes)}
          notes={[asOf ?? (known === null ? t.loading : t.atStations(whole(known)))]}
        />
        <Figure label={t.emptyStations} mark={1} value={whole(shown?.empty)} notes={[share(shown?.empty)]} href={toTable('empty')} />
        <Figure label={t.fullStations} mark={5} value={whole(shown?.full)} notes={[share(shown?.full)]} href={toTable('full')} />
        <Figure
          label={t.staleStations}
          mark={0}
          value={whole(shown?.stale)}
          notes={[asOf ?? t.staleHint(span(session.info.stale_after_s * 1000, language.value))]}
          href={toTable('unknown')}
        />
        <HourFigure session={session} label={t.rentals} of="rentals" last={last} asOf={asOf} />
        <HourFigure session={session} label={t.returns} of="returns" last={last} asOf={asOf} />
        <AgeFigure session={session} now={now} />
        <SourceFigure session={session} now={now} asOf={asOf} />
      </dl>
    </section>
  );
}

interface HourFigureProps {
  session: Session;
  label: string;
  of: 'rentals' | 'returns';
  last: HourBar | null; // the last hour that is final
  asOf: string | null;
}

// This hour so far. Last week's is known as a whole hour only, so that is what it is called; what is compared is the
// last hour that is over, with the same one of last week.
function HourFigure({ session, label, of, last, asOf }: HourFigureProps) {
  const t = text.value;
  const { zone } = session;
  const state = session.state.value;
  const hour: HourSum | null = state?.hour ?? null;
  const start = hour && milliseconds(hour.start);
  const lastWeek = state?.last_week?.[of] ?? null;
  const wholeHour =
    lastWeek !== null && start !== null
      ? t.lastWeekWhole(clockTime(start + session.windowMs, zone), whole(lastWeek))
      : last
        ? null // said below
        : t.lastWeekNone;
  return (
    <Figure
      label={start === null ? label : t.soFar(label, clockTime(start, zone))}
      value={whole(hour?.[of])}
      notes={[asOf, state === null || asOf ? null : wholeHour, asOf || !last ? null : comparedWords(last, of, zone)]}
    />
  );
}

function comparedWords(bar: HourBar, of: 'rentals' | 'returns', zone: string): string {
  const t = text.value;
  const now = bar[of]!;
  const before = bar[of === 'rentals' ? 'lastRentals' : 'lastReturns'];
  const words = t.wholeHour(clockTime(bar.start, zone), clockTime(bar.end, zone), whole(now));
  if (before === null) return `${words} · ${t.lastWeekNone}`;
  return `${words} · ${t.lastWeekThen(whole(before))}, ${isComparable(bar) ? changePercent(now, before) : t.seenInPart}`;
}

function AgeFigure({ session, now }: { session: Session; now: number | null }) {
  const t = text.value;
  const newest = milliseconds(session.state.value?.data_at ?? null);
  const isOld = newest !== null && now !== null && now - newest > session.info.stale_after_s * 1000;
  return (
    <Figure
      label={t.dataAge}
      value={newest === null || now === null ? '–' : span(now - newest, language.value)}
      notes={[newest === null || now === null ? null : t.newestAt(newestWords(newest, now, session.zone))]}
      tone={isOld ? 'bad' : undefined}
    />
  );
}

function newestWords(newest: number, now: number, zone: string): string {
  return now - newest < 12 * 3_600_000 ? clockTimeSeconds(newest, zone) : timeNear(newest, now, zone, language.value);
}

function SourceFigure({ session, now, asOf }: { session: Session; now: number | null; asOf: string | null }) {
  const t = text.value;
  const state = session.state.value;
  const feed: Feed | null = state?.feed ?? null;
  if (asOf) return <Figure label={t.source} value={t.sourceNone} notes={[t.lost]} />;
  if (!state) return <Figure label={t.source} value="–" notes={[]} />;
  if (!feed && about.value?.is_demo) {
    const speed = state.speed === 1 ? null : t.demoSpeed(whole(state.speed));
    return <Figure label={t.source} value={t.sourceSimulated} notes={[t.demoHint, speed]} />;
  }
  if (!feed) return <Figure label={t.source} value={t.sourceNone} notes={[t.sourceNoneHint]} />;
  const succeeded = milliseconds(feed.succeeded_at);
  return (
    <Figure
      label={t.source}
      value={feed.is_failing ? t.sourceFailing : t.sourceOk}
      tone={feed.is_failing ? 'bad' : feed.failures_in_a_row > 0 ? 'warn' : undefined}
      notes={[
        feed.failures_in_a_row > 0
          ? [t.sourceFailures(feed.failures_in_a_row), feed.reason, feed.text].filter(Boolean).join(' · ')
          : null,
        [
          succeeded === null || now === null ? t.sourceNever : t.sourceLast(span(now - succeeded, language.value)),
          t.sourcePolls(whole(feed.polls), whole(feed.failures)),
          feed.rounds_rejected > 0 ? t.sourceRejected(whole(feed.rounds_rejected)) : null,
          feed.budget,
        ]
          .filter(Boolean)
          .join(' · '),
      ]}
    />
  );
}
