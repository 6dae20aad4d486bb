// Every station in a table: the map's other form, for the keyboard, a screen reader, a spreadsheet.

import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { route, setParams } from '../app.ts';
import { whole } from '../format/numbers.ts';
import { span } from '../format/times.ts';
import { shareOf } from '../live/standing.ts';
import type { LiveStation } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { fillClass } from '../map/classes.ts';
import { type District, districtAt, lieInSeoul, loadDistricts } from '../map/districts.ts';
import { CsvButton, Mark } from '../parts/marks.tsx';
import { fileName, stationSheet } from '../parts/sheets.ts';
import { type Column, sorted, Table } from '../parts/table.tsx';
import { durationWords, inHour, netWords, stateWords } from '../parts/words.ts';
import { language } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { search } from '../search/search.ts';
import { text } from '../text/text.ts';

// Which district each station stands in, where that is known.
function useDistricts(session: Session): ReadonlyMap<string, District> {
  const [districts, setDistricts] = useState<ReadonlyMap<string, District>>(new Map());
  const positions = session.positions.value;
  useEffect(() => {
    const stations = session.stations.peek();
    if (!lieInSeoul(stations)) return;
    let isGone = false;
    void loadDistricts()
      .then((all) => {
        if (isGone) return;
        const found = new Map<string, District>();
        for (const { id, lon, lat } of stations) {
          const district = lon === null || lat === null ? null : districtAt(all, lon, lat);
          if (district) found.set(id, district);
        }
        setDistricts(found);
      })
      .catch(() => undefined); // then there is no such column
    return () => {
      isGone = true;
    };
  }, [session, positions]);
  return districts;
}

export function StationsView({ session }: { session: Session }) {
  const t = text.value;
  const { params } = route.value;
  const asked = params.get('q') ?? '';
  const state = params.get('state') ?? '';
  const district = params.get('district') ?? '';
  const districts = useDistricts(session);
  const columns = useColumns(session, districts);
  const isLoaded = useComputed(() => session.snapshots.value > 0).value;

  const matching = (asked.trim() === '' ? session.stations.value : search(session.stations.value, asked)).filter(
    (station) => {
      const standing = session.standingOf(station);
      const kind = standing.isKnown ? standing.fill : 'unknown';
      return (state === '' || state === kind) && (district === '' || districts.get(station.id)?.code === district);
    },
  );
  const names = [...new Map([...districts.values()].map((of) => [of.code, of])).values()].sort((a, b) =>
    nameOf(a).localeCompare(nameOf(b), language.value),
  );
  const order = params.get('sort') ?? 'number';
  return (
    <main id="content" class="page" tabIndex={-1}>
      <div class="page-head">
        <h1>{t.stationsTitle}</h1>
        <span class="spring" />
        <CsvButton
          what={t.stationsTitle}
          sheet={stationSheet(fileName(session, 'stations'), session, () => sorted(matching, columns, order))}
        />
      </div>
      <form class="filters" role="search" aria-label={t.filter} onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>{t.search}</span>
          <input
            type="search"
            value={asked}
            placeholder={t.searchPlaceholder}
            onInput={(event) => setParams({ q: event.currentTarget.value, page: null })}
          />
        </label>
        <label>
          <span>{t.state}</span>
          <select value={state} onChange={(event) => setParams({ state: event.currentTarget.value, page: null })}>
            <option value="">{t.allStates}</option>
            <option value="empty">{t.empty}</option>
            <option value="some">{t.hasBikes}</option>
            <option value="full">{t.full}</option>
            <option value="unknown">{t.stale}</option>
          </select>
        </label>
        {names.length > 0 && (
          <label>
            <span>{t.district}</span>
            <select value={district} onChange={(event) => setParams({ district: event.currentTarget.value, page: null })}>
              <option value="">{t.allDistricts}</option>
              {names.map((of) => (
                <option key={of.code} value={of.code}>
                  {nameOf(of)}
                </option>
              ))}
            </select>
          </label>
        )}
        {(asked || state || district) && (
          <button type="button" onClick={() => setParams({ q: null, state: null, district: null, page: null })}>
            {t.clearFilter}
          </button>
        )}
      </form>
      {!isLoaded ? (
        <p class="hint">{t.loadingStations}</p>
      ) : matching.length === 0 ? (
        <p class="hint">{t.noneMatch}</p>
      ) : (
        <Table label={t.stationsTitle} columns={columns} rows={matching} keyOf={(station) => station.id} sort="number" />
      )}
    </main>
  );
}

function nameOf(district: District): string {
  return language.value === 'ko' ? district.name : district.name_en;
}

function useColumns(session: Session, districts: ReadonlyMap<string, District>): Column<LiveStation>[] {
  const t = text.value;
  const now = session.now.value ?? 0;
  const known = (station: LiveStation) => {
    const standing = session.standingOf(station);
    return standing.isKnown ? standing : null;
  };
  const columns: Column<LiveStation>[] = [
    {
      key: 'name',
      head: t.station,
      value: (station) => station.title,
      cell: (station) => (
        <>
          <Mark scale="fill" of={fillClass(session.standingOf(station), station.racks)} />{' '}
          <a href={hashOf(session.info.id, 'station', station.id)}>{station.title}</a>
        </>
      ),
    },
    {
      key: 'bikes',
      head: t.bikes,
      isNumeric: true,
      value: (station) => known(station)?.bikes ?? null,
      cell: (station) => whole(known(station)?.bikes),
    },
    {
      key: 'racks',
      head: t.racks,
      isNumeric: true,
      value: (station) => station.racks,
      cell: (station) => whole(station.racks),
    },
    {
      key: 'share',
      head: t.share,
      isNumeric: true,
      isWideOnly: true,
      value: (station) => {
        const standing = known(station);
        return standing && shareOf(standing.bikes, station.racks);
      },
      cell: (station) => {
        const standing = known(station);
        const share = standing && shareOf(standing.bikes, station.racks);
        return share === null ? '–' : `${Math.round(share * 100)} %`;
      },
    },
    {
      key: 'number',
      head: t.number,
      isWideOnly: true,
      value: (station) => (station.number === null ? station.id : Number(station.number)),
      cell: (station) => station.number ?? '–',
    },
    { key: 'id', head: t.id, isWideOnly: true, value: (station) => station.id, cell: (station) => station.id },
    ...(districts.size > 0
      ? [
          {
            key: 'district',
            head: t.district,
            isWideOnly: true,
            value: (station: LiveStation) => {
              const of = districts.get(station.id);
              return of ? nameOf(of) : null;
            },
            cell: (station: LiveStation) => {
              const of = districts.get(station.id);
              return of ? nameOf(of) : '–';
            },
          },
        ]
      : []),
    {
      key: 'state',
      head: t.state,
      value: (station) => stateWords(session.standingOf(station)),
      cell: (station) => stateWords(session.standingOf(station)),
    },
    {
      key: 'duration',
      head: t.duration,
      isNumeric: true,
      value: (station) => (known(station) && station.sinceMs !== null ? now - station.sinceMs : null),
      cell: (station) => (known(station) ? durationWords(station, now) : '–'),
    },
    {
      key: 'rentals',
      head: t.rentalsHour,
      isNumeric: true,
      isWideOnly: true,
      value: (station) => inHour(session, station)?.rentals ?? null,
      cell: (station) => whole(inHour(session, station)?.rentals),
    },
    {
      key: 'returns',
      head: t.returnsHour,
      isNumeric: true,
      isWideOnly: true,
      value: (station) => inHour(session, station)?.returns ?? null,
      cell: (station) => whole(inHour(session, station)?.returns),
    },
    {
      key: 'net',
      head: t.net,
      isNumeric: true,
      isWideOnly: true,
      value: (station) => {
        const of = inHour(session, station);
        return of && of.rentals !== null && of.returns !== null ? of.returns - of.rentals : null;
      },
      cell: (station) => {
        const of = inHour(session, station);
        return of ? netWords(of.rentals, of.returns) : '–';
      },
    },
    {
      key: 'age',
      head: t.seen,
      isNumeric: true,
      value: (station) => (station.observedMs === null ? null : now - station.observedMs),
      cell: (station) =>
        station.observedMs === null ? t.neverSeen : t.ageAgo(span(now - station.observedMs, language.value)),
    },
  ];
  return columns;
}
