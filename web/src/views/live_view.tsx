// The board that stays open all day, and the page of one station, which shares its map.

import { useSignal } from '@preact/signals';
import { useCallback } from 'preact/hooks';

import { route } from '../app.ts';
import { signed, whole } from '../format/numbers.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { fillClass, type LiveMode, liveNetClass } from '../map/classes.ts';
import { type Hours, LastHours } from '../parts/hours.ts';
import { text } from '../text/text.ts';
import { Activity } from './activity.tsx';
import { Attention } from './attention.tsx';
import { Figures } from './figures.tsx';
import { SystemFlow } from './flow.tsx';
import { type Coloured, MapPane } from './map_pane.tsx';
import { StationView } from './station_view.tsx';

export function LiveView({ session }: { session: Session }) {
  const t = text.value;
  const { page, item } = route.value;
  const isStation = page === 'station' && item !== null;
  const hours = useSignal<Hours | null>(null);

  const coloured = useCallback((mode: LiveMode): Coloured => {
    void session.stations.value; // what is read of them besides their standings
    const standings = session.standings.value;
    const hour = milliseconds(session.state.value?.hour?.start ?? null);
    const standing = (id: string) => standings.get(id) ?? ({ isKnown: false, why: 'never' } as const);
    return {
      scale: mode,
      unknown: text.value.legendUnknown,
      classOf: (id) => {
        const station = session.station(id);
        if (!station) return 0;
        return mode === 'fill' ? fillClass(standing(id), station.racks) : liveNetClass(station, standing(id), hour);
      },
      countOf: (id) => {
        const station = session.station(id);
        const of = standing(id);
        if (!station || !of.isKnown) return station ? '?' : null;
        if (mode === 'fill') return whole(of.bikes);
        const isThisHour = hour !== null && station.hourMs === hour && station.rentals !== null && station.returns !== null;
        return isThisHour ? signed(station.returns! - station.rentals!) : '?';
      },
      detailOf: (id) => {
        const station = session.station(id);
        if (!station || !session.standingOf(station).isKnown || hour === null || station.hourMs !== hour) return null;
        return text.value.hourSoFar(whole(station.rentals), whole(station.returns));
      },
    };
  }, [session]);

  return (
    <main id="content" class={`board ${isStation ? 'with-station' : ''}`} tabIndex={-1}>
      <h1 class="visually-hidden">{session.info.name}</h1>
      <LastHours session={session} into={hours} />
      <Figures session={session} hours={hours} />
      <div class="board-map">
        <MapPane
          key={session.info.id}
          session={session}
          coloured={coloured}
          modes={[
            { key: 'fill', label: t.mapFill },
            { key: 'net', label: t.mapNet },
          ]}
          selected={isStation ? item : null}
        />
        {!isStation && <SystemFlow session={session} hours={hours} />}
      </div>
      {isStation ? (
        <StationView key={item} session={session} id={item} />
      ) : (
        <div class="board-side">
          <Attention session={session} />
          <Activity session={session} />
        </div>
      )}
    </main>
  );
}
