// Stations that are empty or full right now, how long and since when; that will be soon; that are unknown; and those
// whose counts are doubtful.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { whole } from '../format/numbers.ts';
import { span } from '../format/times.ts';
import { doubtfulOf, soonOf } from '../live/outlook.ts';
import type { Session } from '../live/session.ts';
import type { LiveStation } from '../live/station.ts';
import { fillClass } from '../map/classes.ts';
import { CsvButton, Mark, type Sheet } from '../parts/marks.tsx';
import { useOutlook } from '../parts/outlook.ts';
import { doubtfulSheet, fileName, soonSheet, stationSheet } from '../parts/sheets.ts';
import { Tabs } from '../parts/tabs.tsx';
import { doubtWords, durationWords, inWords, sinceWords, soonWords } from '../parts/words.ts';
import { language } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';

type Now = 'empty' | 'full' | 'unknown';
type Which = Now | 'soon' | 'doubtful';
const kShown = 60;

// One of the lists: what is over it, and its rows.
interface List {
  key: Which;
  label: string;
  count: number | null | undefined; // null: cannot be known; undefined: not here yet
  none: string;
  head: ComponentChildren;
  all: number;
  rows: readonly Entry[]; // the first of them
  sheet: Sheet;
}

interface Entry {
  station: LiveStation;
  main: string;
  note: string;
}

export function Attention({ session }: { session: Session }) {
  const t = text.value;
  const [which, setWhich] = useState<Which>('empty');
  const [isNewestFirst, setNewestFirst] = useState(false);
  const counted = session.counted.value;
  const isLost = !session.isConnected.value && counted !== null;
  const outlook = useOutlook(session);
  const now = session.now.value ?? 0;
  const find = (id: string) => session.station(id);
  const judge = (station: LiveStation) => session.standingOf(station);
  const soon = soonOf(outlook.value, find, judge);
  const doubtful = doubtfulOf(outlook.value, find, judge);
  // What cannot be known is not none.
  const isNoneKnown = counted?.empty === null;
  const toldOf = (list: readonly unknown[]) =>
    isNoneKnown ? null : outlook.value !== null && outlook.error === null ? list.length : undefined;

  const current = (key: Now, label: string, count: number | null | undefined, none: string): List => {
    const ordered = key === which && (key === 'unknown' || !isLost) ? sorted(chosen(session, key), key, isNewestFirst) : [];
    return {
      key,
      label,
      count,
      none,
      head: (
        <>
          <button type="button" class="link" onClick={() => setNewestFirst(!isNewestFirst)}>
            {isNewestFirst ? t.newestFirst : t.longestFirst} <span aria-hidden="true">⇅</span>
          </button>
          <a href={hashOf(session.info.id, 'stations', null, { state: key })}>{t.allInTable(whole(ordered.length))}</a>
        </>
      ),
      all: ordered.length,
      rows: ordered.slice(0, kShown).map((station) => entryOf(session, station, key)),
      sheet: stationSheet(fileName(session, `stations-${key}`), session, () => ordered),
    };
  };
  const lists: List[] = [
    current('empty', t.empty, counted?.empty, t.noneEmpty),
    current('full', t.full, counted?.full, t.noneFull),
    {
      key: 'soon',
      label: t.soon,
      count: toldOf(soon),
      none: t.noneSoon,
      head: <span class="muted">{t.soonHint}</span>,
      all: soon.length,
      rows: soon.slice(0, kShown).map(({ station, of }) => ({ station, main: inWords(of, now), note: soonWords(of, station, now, session.zone) })),
      sheet: soonSheet(fileName(session, 'stations-soon'), () => soon),
    },
    current('unknown', t.stale, counted?.stale, t.noneStale),
    {
      key: 'doubtful',
      label: t.doubtful,
      count: toldOf(doubtful),
      none: t.noneDoubtful,
      head: <span class="muted">{t.doubtfulHint}</span>,
      all: doubtful.length,
      rows: doubtful.slice(0, kShown).map(({ station, of }) => ({
        station,
        main: 'changes' in of ? t.flapping : t.frozen,
        note: doubtWords(of, station, now, session.zone),
      })),
      sheet: doubtfulSheet(fileName(session, 'stations-doubtful'), () => doubtful),
    },
  ];
  const list = lists.find(({ key }) => key === which)!;
  const isHint = which === 'soon' || which === 'doubtful'; // a text over the list, which it must not cover
  const failure = isHint ? outlook.error : null;
  return (
    <section class="panel attention" aria-label={t.attention}>
      <Tabs
        label={t.attention}
        active={which}
        onChoose={setWhich}
        tabs={lists.map(({ key, label, count }) => ({
          key,
          label: (
            <>
              <span>{label}</span> <b>{isLost && key !== 'unknown' ? '–' : whole(count)}</b>
            </>
          ),
        }))}
        aside={<CsvButton what={list.label} sheet={list.sheet} off={isLost && which !== 'unknown' ? t.lostList : null} />}
      >
        {counted === null ? (
          <p class="hint">{t.loadingStations}</p>
        ) : isLost && which !== 'unknown' ? (
          <p class="hint">{t.lostList}</p>
        ) : failure ? (
          <p class="hint bad-text">{failure.message}</p>
        ) : (
          <>
            {(list.rows.length > 0 || isHint) && (
              <div class={`list-head ${isHint ? 'still' : ''}`}>{list.head}</div>
            )}
            {list.rows.length === 0 ? (
              <p class="hint">{list.count === undefined ? t.loading : list.count === null ? t.noneKnown : list.none}</p>
            ) : (
              <ul class="rows">
                {list.rows.map((entry) => (
                  <Row key={entry.station.id} session={session} entry={entry} />
                ))}
                {list.all > kShown && <li class="hint">{t.shownOf(whole(kShown), whole(list.all))}</li>}
              </ul>
            )}
          </>
        )}
      </Tabs>
    </section>
  );
}

function chosen(session: Session, which: Now): LiveStation[] {
  const standings = session.standings.value;
  return session.stations.value.filter((station) => {
    const standing = standings.get(station.id);
    return standing && (which === 'unknown' ? !standing.isKnown : standing.isKnown && standing.fill === which);
  });
}

function sorted(stations: LiveStation[], which: Now, isNewestFirst: boolean): LiveStation[] {
  const at = (station: LiveStation) => (which === 'unknown' ? station.observedMs : station.sinceMs) ?? 0;
  const sign = isNewestFirst ? -1 : 1;
  return stations.sort((a, b) => sign * (at(a) - at(b)) || (a.id < b.id ? -1 : 1));
}

function entryOf(session: Session, station: LiveStation, which: Now): Entry {
  const t = text.value;
  const now = session.now.value ?? 0;
  if (which !== 'unknown') {
    return {
      station,
      main: durationWords(station, now),
      note: `${sinceWords(station, now, session.zone)} · ${t.racks} ${whole(station.racks)}`,
    };
  }
  const standing = session.standingOf(station);
  return {
    station,
    main: station.observedMs === null ? t.neverSeen : t.ageAgo(span(now - station.observedMs, language.value)),
    note: standing.isKnown ? '' : t.why[standing.why],
  };
}

function Row({ session, entry: { station, main, note } }: { session: Session; entry: Entry }) {
  return (
    <li>
      <a href={hashOf(session.info.id, 'station', station.id)}>
        <Mark scale="fill" of={fillClass(session.standingOf(station), station.racks)} />
        <span class="row-name">
          {station.number && <span class="number">{station.number}</span>} {station.title}
        </span>
        <span class="row-main">{main}</span>
        <span class="row-note">{note}</span>
      </a>
    </li>
  );
}
