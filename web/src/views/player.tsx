// Which hour of a day is shown, and the day played hour by hour. Keys: space plays and pauses, arrows go an hour on
// and back, Home and End to the ends of the day.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { clockTime, dayName, isDayOf, isoDate, kFirstDay, startsOfDay } from '../format/times.ts';
import type { Session } from '../live/session.ts';
import type { Day } from '../map/day.ts';
import { Icon } from '../parts/marks.tsx';
import { language } from '../preferences.ts';
import { text } from '../text/text.ts';
import { whyWords } from '../text/waits.ts';

const kSpeeds = [1, 2, 4]; // hours in a second
const speed = signal(1); // as long as the page is open

interface Props {
  session: Session;
  hours: readonly number[];
  start: number;
  newest: number | null;
  date: string;
  day: Day | null; // not here yet
  error: string | null; // nor will it come by itself
  show: (at: number) => void;
  goTo: (at: number) => void; // and one can go back
}

export function Player({ session, hours, start, newest, date, day, error, show, goTo }: Props) {
  const t = text.value;
  const zone = session.zone;
  const [isPlaying, setPlaying] = useState(false);
  const index = Math.max(0, hours.indexOf(start));
  const last = newest === null ? hours.length - 1 : Math.max(0, hours.findLastIndex((at) => at <= newest));
  const isHere = day !== null;
  useEffect(() => {
    if (!isPlaying || !isHere) return;
    if (index >= last) return setPlaying(false);
    const timer = setTimeout(() => show(hours[index + 1]!), 1000 / speed.value);
    return () => clearTimeout(timer);
  }, [isPlaying, isHere, index, last, date, speed.value]);

  const toggle = () => {
    if (!isPlaying && !isHere) return;
    if (!isPlaying && index >= last) show(hours[0]!);
    setPlaying(!isPlaying);
  };
  const seek = (to: number) => {
    setPlaying(false);
    show(hours[Math.min(Math.max(to, 0), hours.length - 1)]!);
  };
  useKeys({ ' ': toggle, ArrowLeft: () => seek(index - 1), ArrowRight: () => seek(index + 1), Home: () => seek(0), End: () => seek(last) });

  const lastDay = newest === null ? undefined : isoDate(newest, zone);
  const words = t.hourOf(clockTime(start, zone), clockTime(start + session.windowMs, zone));
  return (
    <div class="player">
      <label>
        <span class="visually-hidden">{t.day}</span>
        <input
          type="date"
          value={date}
          min={kFirstDay}
          max={lastDay}
          onChange={(event) => {
            const wanted = event.currentTarget.value;
            if (!isDayOf(wanted, lastDay)) return; // as while a year is typed
            const of = startsOfDay(wanted, zone, session.slideMs);
            setPlaying(false);
            goTo(of[Math.min(index, of.length - 1)]!);
          }}
        />
      </label>
      <button type="button" class="primary" title={t.playKeys} disabled={!isPlaying && !isHere} onClick={toggle}>
        <Icon name={isPlaying ? 'pause' : 'play'} /> {isPlaying ? t.pause : t.play}
      </button>
      <label>
        <span class="visually-hidden">{t.playSpeed}</span>
        <select
          value={speed.value}
          title={t.playSpeed}
          onChange={(event) => {
            speed.value = Number(event.currentTarget.value);
          }}
        >
          {kSpeeds.map((each) => (
            <option key={each} value={each}>
              {t.hoursASecond(each)}
            </option>
          ))}
        </select>
      </label>
      <div class="scrubber">
        <DayStrip hours={hours} day={day} shown={index} />
        <input
          type="range"
          min={0}
          max={hours.length - 1}
          value={index}
          aria-label={t.hourSlider}
          aria-valuetext={words}
          title={t.playKeys}
          onInput={(event) => seek(Number(event.currentTarget.value))}
        />
      </div>
      <output class="player-hour" aria-live={isPlaying ? 'off' : 'polite'}>
        <b>{words}</b> <span class="muted">{dayName(start, zone, language.value)}</span>
      </output>
      {newest !== null && newest !== start && (
        <button type="button" onClick={() => goTo(newest)}>
          {t.latestHour}
        </button>
      )}
      <HourTag session={session} start={start} day={day} error={error} />
    </div>
  );
}

// What has keys of its own keeps them; a slider has no use for the space bar.
const kOwnKeys = 'input, select, textarea, button, a, dialog, .table-scroll, .maplibregl-canvas';

function useKeys(keys: Record<string, () => void>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const run = keys[event.key];
      if (!run || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const target = event.target as HTMLElement;
      if (target.closest(kOwnKeys) && !(event.key === ' ' && target.matches('input[type=range]'))) return;
      event.preventDefault();
      run();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  });
}

// Rentals and returns of each hour above its place of the slider; an hour that the lake does not have is dashed.
function DayStrip({ hours, day, shown }: { hours: readonly number[]; day: Day | null; shown: number }) {
  const sums = hours.map((at) => day?.sum(at) ?? null);
  const most = Math.max(1, ...sums.map((sum) => (sum ? sum.rentals + sum.returns : 0)));
  return (
    <svg class="day-strip" viewBox={`0 0 ${hours.length - 1} 1`} preserveAspectRatio="none" aria-hidden="true">
      {day &&
        sums.map((sum, index) => {
          const share = sum ? (sum.rentals + sum.returns) / most : 1;
          const kind = `${sum ? 'known' : 'unknown'} ${index === shown ? 'shown' : ''}`;
          return <rect key={index} class={kind} x={index - 0.35} y={1 - share} width={0.7} height={share} />;
        })}
    </svg>
  );
}

function HourTag({ session, start, day, error }: Pick<Props, 'session' | 'start' | 'day' | 'error'>) {
  const t = text.value;
  if (!day) return <span class="tag">{error === null ? t.loadingDay : t.dayFailed}</span>;
  const sum = day.sum(start);
  if (!sum) return <span class="tag none">{t.noRowsShort}</span>;
  return (
    <span class={`tag ${sum.state}`}>
      {{ final: t.final, open: t.open, waiting: t.waiting }[sum.state]}
      {sum.why && `: ${whyWords(start, sum.why, session.state.value, session.zone, language.value, t)}`}
    </span>
  );
}
