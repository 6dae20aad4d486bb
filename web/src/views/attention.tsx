// Stations that are empty, full or unknown right now, how long and since when.

import { useState } from 'preact/hooks';

import { whole } from '../format/numbers.ts';
import { span } from '../format/times.ts';
import type { Session } from '../live/session.ts';
import type { LiveStation } from '../live/station.ts';
import { fillClass } from '../map/classes.ts';
import { CsvButton, Mark } from '../parts/marks.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { durationWords, sinceWords, standingOf } from '../parts/words.ts';
import { language } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { fileName, stationSheet } from '../parts/sheets.ts';
import { text } from '../text/text.ts';

type Which = 'empty' | 'full' | 'unknown';
const kShown = 60;

export function Attention({ session }: { session: Session }) {
  const t = text.value;
  const [which, setWhich] = useState<Which>('empty');
  const [isNewestFirst, setNewestFirst] = useState(false);
  const counted = session.counted.value;
  const isLost = !session.isConnected.value && counted !== null;
  const tabs: { key: Which; label: string; count: number | undefined }[] = [
    { key: 'empty', label: t.empty, count: counted?.empty },
    { key: 'full', label: t.full, count: counted?.full },
    { key: 'unknown', label: t.stale, count: counted?.stale },
  ];
  const found = which === 'unknown' || !isLost ? chosen(session, which) : [];
  const ordered = sorted(found, which, isNewestFirst);
  const none = { empty: t.noneEmpty, full: t.noneFull, unknown: t.noneStale }[which];
  return (
    <section class="panel attention" aria-label={t.attention}>
      <Tabs
        label={t.attention}
        active={which}
        onChoose={setWhich}
        tabs={tabs.map(({ key, label, count }) => ({
          key,
          label: (
            <>
              {label} <b>{isLost && key !== 'unknown' ? '–' : whole(count)}</b>
            </>
          ),
        }))}
        aside={
          <CsvButton
            what={tabs.find((tab) => tab.key === which)!.label}
            sheet={stationSheet(fileName(session, `stations-${which}`), session, () => ordered)}
          />
        }
      >
        {counted === null ? (
          <p class="hint">{t.loadingStations}</p>
        ) : isLost && which !== 'unknown' ? (
          <p class="hint">{t.lostList}</p>
        ) : ordered.length === 0 ? (
          <p class="hint">{none}</p>
        ) : (
          <>
            <div class="list-head">
              <button type="button" class="link" onClick={() => setNewestFirst(!isNewestFirst)}>
                {isNewestFirst ? t.newestFirst : t.longestFirst} <span aria-hidden="true">⇅</span>
              </button>
              <a href={hashOf(session.info.id, 'stations', null, { state: which })}>{t.allInTable(whole(ordered.length))}</a>
            </div>
            <ul class="rows">
              {ordered.slice(0, kShown).map((station) => (
                <Row key={station.id} session={session} station={station} which={which} />
              ))}
            </ul>
          </>
        )}
      </Tabs>
    </section>
  );
}

function chosen(session: Session, which: Which): LiveStation[] {
  const standings = session.standings.value;
  return session.stations.value.filter((station) => {
    const standing = standings.get(station.id);
    return standing && (which === 'unknown' ? !standing.isKnown : standing.isKnown && standing.fill === which);
  });
}

function sorted(stations: LiveStation[], which: Which, isNewestFirst: boolean): LiveStation[] {
  const at = (station: LiveStation) => (which === 'unknown' ? station.observedMs : station.sinceMs) ?? 0;
  const sign = isNewestFirst ? -1 : 1;
  return stations.sort((a, b) => sign * (at(a) - at(b)) || (a.id < b.id ? -1 : 1));
}

function Row({ session, station, which }: { session: Session; station: LiveStation; which: Which }) {
  const t = text.value;
  const now = session.now.value ?? 0;
  const standing = standingOf(session, station);
  const isUnknown = which === 'unknown';
  return (
    <li>
      <a href={hashOf(session.info.id, 'station', station.id)}>
        <Mark scale="fill" of={fillClass(standing, station.racks)} />
        <span class="row-name">
          {station.number && <span class="number">{station.number}</span>} {station.title}
        </span>
        <span class="row-main">
          {isUnknown
            ? station.observedMs === null
              ? t.neverSeen
              : t.ageAgo(span(now - station.observedMs, language.value))
            : durationWords(station, now)}
        </span>
        <span class="row-note">
          {isUnknown ? (standing.isKnown ? '' : t.why[standing.why]) : sinceWords(station, now, session.zone)}
          {!isUnknown && ` · ${t.racks} ${whole(station.racks)}`}
        </span>
      </a>
    </li>
  );
}
