// Rentals and returns hour by hour, last week's beside them: of all stations, or of one.

import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';

import { utc } from '../api/client.ts';
import { type Bar, HourChart } from '../charts/hour_chart.tsx';
import type { HourBar } from '../charts/series.ts';
import { minutes, signed, whole } from '../format/numbers.ts';
import { clockTime, dayName } from '../format/times.ts';
import type { Session } from '../live/session.ts';
import { ChartCard } from '../parts/chart_card.tsx';
import type { Hours } from '../parts/hours.ts';
import { fileName } from '../parts/sheets.ts';
import { language } from '../preferences.ts';
import { text } from '../text/text.ts';
import { whyWords } from '../text/waits.ts';

interface FlowProps {
  session: Session;
  title: string;
  hint?: string;
  hours: Hours;
  height: number;
  name: string;
}

export function SystemFlow({ session, hours }: { session: Session; hours: ReadonlySignal<Hours | null> }) {
  const t = text.value;
  if (hours.value === null) return null;
  return <Flow session={session} title={t.flow} hint={t.flowHint} hours={hours.value} height={132} name="flow" />;
}

export function Flow({ session, title, hint, hours, height, name }: FlowProps) {
  const t = text.value;
  const bars = useMemo<Bar[]>(
    () =>
      hours.bars.map((bar) => ({
        start: bar.start,
        left: bar.rentals,
        right: bar.returns,
        leftBefore: bar.lastRentals,
        rightBefore: bar.lastReturns,
        isProvisional: bar.isProvisional,
      })),
    [hours.bars],
  );
  const net = (bar: HourBar) => (bar.rentals === null || bar.returns === null ? null : bar.returns - bar.rentals);
  const readout = (index: number | null): ComponentChildren => {
    const bar = index === null ? undefined : hours.bars[index];
    if (!bar) {
      return (
        <>
          <span class="key rent-key" /> {t.rentals} <span class="key give-key" /> {t.returns}{' '}
          <span class="key week-key" /> {t.lastWeek} <span class="key net-key" /> {t.net} ({t.netHint})
        </>
      );
    }
    return (
      <>
        <HourName bar={bar} zone={session.zone} /> · {t.rentals} <b>{whole(bar.rentals)}</b> · {t.returns}{' '}
        <b>{whole(bar.returns)}</b> · {t.net} <b>{signed(net(bar))}</b> · {t.lastWeek} {whole(bar.lastRentals)} /{' '}
        {whole(bar.lastReturns)}
        {bar.isProvisional && ` · ${bar.why ? whyWords(bar.start, bar.why, session.state.value, session.zone, language.value, t) : t.provisional}`}
      </>
    );
  };
  return (
    <ChartCard
      title={title}
      {...(hint ? { hint } : {})}
      className="flow"
      head={[t.hour, t.rentals, t.returns, t.net, `${t.lastWeek}: ${t.rentals}`, `${t.lastWeek}: ${t.returns}`]}
      rows={() =>
        hours.bars.map((bar) => [
          hourWords(bar, session.zone),
          whole(bar.rentals),
          whole(bar.returns),
          signed(net(bar)),
          whole(bar.lastRentals),
          whole(bar.lastReturns),
        ])
      }
      sheet={{
        name: fileName(session, name),
        header: ['start', 'rentals', 'returns', 'last_week_rentals', 'last_week_returns', 'is_provisional'],
        rows: () =>
          hours.bars.map((bar) => [
            utc(bar.start),
            bar.rentals,
            bar.returns,
            bar.lastRentals,
            bar.lastReturns,
            bar.isProvisional,
          ]),
      }}
    >
      <HourState hours={hours} />
      {hours.bars.length > 0 && (
        <HourChart
          bars={bars}
          zone={session.zone}
          label={title}
          height={height}
          showsNet
          atLeast={4}
          readout={readout}
        />
      )}
    </ChartCard>
  );
}

export function EmptyFull({ session, hours }: { session: Session; hours: Hours }) {
  const t = text.value;
  const bars = useMemo<Bar[]>(
    () =>
      hours.bars.map((bar) => ({
        start: bar.start,
        left: bar.emptySeconds === null ? null : bar.emptySeconds / 60,
        right: bar.fullSeconds === null ? null : bar.fullSeconds / 60,
        leftBefore: null,
        rightBefore: null,
        isProvisional: false,
      })),
    [hours.bars],
  );
  const cell = (seconds: number | null) => (seconds === null ? '–' : minutes(seconds));
  const readout = (index: number | null): ComponentChildren => {
    const bar = index === null ? undefined : hours.bars[index];
    return bar ? (
      <>
        <HourName bar={bar} zone={session.zone} /> · {t.minutesEmpty} <b>{cell(bar.emptySeconds)}</b> · {t.minutesFull}{' '}
        <b>{cell(bar.fullSeconds)}</b>
      </>
    ) : (
      <>
        <span class="key rent-key" /> {t.minutesEmpty} <span class="key give-key" /> {t.minutesFull}{' '}
        <span class="key hatch-key" /> {t.gapHint}
      </>
    );
  };
  return (
    <ChartCard
      title={t.emptyFull}
      head={[t.hour, t.minutesEmpty, t.minutesFull]}
      rows={() => hours.bars.map((bar) => [hourWords(bar, session.zone), cell(bar.emptySeconds), cell(bar.fullSeconds)])}
      sheet={{
        name: fileName(session, 'empty-full'),
        header: ['start', 'empty_seconds', 'full_seconds'],
        rows: () => hours.bars.map((bar) => [utc(bar.start), bar.emptySeconds, bar.fullSeconds]),
      }}
    >
      <HourState hours={hours} />
      {hours.bars.length > 0 && (
        <HourChart
          bars={bars}
          zone={session.zone}
          label={t.emptyFull}
          height={150}
          showsNet={false}
          atLeast={session.windowMs / 60_000}
          readout={readout}
        />
      )}
    </ChartCard>
  );
}

function hourWords(bar: HourBar, zone: string): string {
  return `${dayName(bar.start, zone, language.value)} ${clockTime(bar.start, zone)} – ${clockTime(bar.end, zone)}`;
}

function HourName({ bar, zone }: { bar: HourBar; zone: string }) {
  return <>{hourWords(bar, zone)}</>;
}

function HourState({ hours }: { hours: Hours }) {
  const t = text.value;
  const { loaded, bars } = hours;
  if (loaded.error) return <p class="hint bad-text">{t.hoursFailed} {loaded.error.message}</p>;
  if (loaded.value === null) return <p class="hint">{t.loading}</p>;
  if (bars.every((bar) => bar.rentals === null)) return <p class="hint">{t.noHours}</p>;
  return null;
}
