// The map with what stands around it: legend, colours to choose, buttons, the card of a station.

import { effect, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

import { about, go, route, setParams } from '../app.ts';
import { whole } from '../format/numbers.ts';
import type { Session } from '../live/session.ts';
import { kTimeShares, paints, type Scale } from '../map/classes.ts';
import { lieInSeoul, loadDistricts } from '../map/districts.ts';
import { loadMap } from '../map/load.ts';
import type { StationMap } from '../map/station_map.ts';
import { Icon, Mark } from '../parts/marks.tsx';
import { useStation } from '../parts/station.ts';
import { ageWords, countWords, sinceWords } from '../parts/words.ts';
import { language, theme, wantsStillness } from '../preferences.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';

export interface Coloured {
  scale: Scale;
  isPast?: boolean; // of an hour that is over: nothing of now is said beside it
  unknown: string; // what the grey ones are
  note?: string | null; // one more line of the legend
  classOf: (id: string) => number;
  countOf: (id: string) => string | null; // written on large circles
  detailOf?: (id: string) => string | null; // one more line of the card
}

interface Props<Mode extends string> {
  session: Session;
  modes: readonly { key: Mode; label: string }[]; // the first one where the address says nothing
  coloured: (mode: Mode) => Coloured; // reads signals: run again when they change
  selected: string | null;
}

export function MapPane<Mode extends string>({ session, modes, coloured, selected }: Props<Mode>) {
  const t = text.value;
  const usual = modes[0]!.key;
  const mode = modes.find(({ key }) => key === route.value.params.get('map'))?.key ?? usual;
  const container = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLDivElement>(null);
  const map = useSignal<StationMap | null>(null);
  const [failure, setFailure] = useState<'load' | 'draw' | null>(null);
  const hovered = useSignal<{ id: string; x: number; y: number } | null>(null);
  const picked = useSignal<string | null>(null);
  const withPosition = useSignal<number | null>(null);
  const hasDistricts = useSignal(false);

  // With the first stations, and after they were shown as figures.
  useEffect(() => {
    let made: StationMap | null = null;
    let isGone = false;
    let isLoading = false;
    const stop = effect(() => {
      if (session.positions.value === 0 || isLoading) return;
      isLoading = true;
      requestAnimationFrame(() =>
        setTimeout(async () => {
          const module = await loadMap().catch(() => null);
          if (isGone) return;
          if (module === null) return setFailure('load');
          try {
            made = create(module.StationMap);
            map.value = made;
          } catch {
            setFailure('draw');
          }
        }, 0),
      );
    });
    const create = (of: typeof StationMap) =>
      new of({
        container: container.current!,
        overlay: overlay.current!,
        tiles: about.value?.tiles ?? null,
        stations: session.stations.peek(),
        theme: theme.value,
        isStill: wantsStillness(),
        isCooperative: matchMedia('(max-width: 899px)').matches,
        labels: {
          canvas: text.value.mapHint,
          gestureTouch: text.value.gestureTouch,
          gestureWheel: text.value.gestureWheel,
          gestureWheelMac: text.value.gestureWheelMac,
        },
        onHover: (id, at) => {
          hovered.value = id !== null && at ? { id, x: at.x, y: at.y } : null;
        },
        onPick: (id) => {
          // A mouse has seen the card already; a finger sees it now, and opens the station from there.
          if (id !== null && matchMedia('(hover: hover) and (pointer: fine)').matches) go('station', id);
          else picked.value = id;
        },
        onFailure: setFailure,
      });
    return () => {
      isGone = true;
      stop();
      made?.remove();
      map.value = null;
    };
  }, [session]);

  useSignalEffect(() => {
    void session.positions.value;
    const stations = session.stations.peek();
    if (!map.value) return;
    withPosition.value = map.value.setStations(stations);
    if (about.value?.tiles || !lieInSeoul(stations)) return;
    const at = map.value;
    void loadDistricts()
      .then((districts) => {
        if (map.peek() !== at) return;
        at.setDistricts(districts, language.peek());
        hasDistricts.value = true;
      })
      .catch(() => undefined); // the map is as good without
  });
  useSignalEffect(() => map.value?.setTheme(theme.value));
  useSignalEffect(() => map.value?.setLanguage(language.value));
  // The colours depend on signals, and on what is none.
  useEffect(
    () =>
      effect(() => {
        if (!map.value) return;
        const { scale, classOf, countOf } = coloured(mode);
        map.value.setPaints(paintsOf(scale, theme.value));
        map.value.setClasses(classOf);
        map.value.setCounts(countOf);
      }),
    [mode, coloured],
  );
  useEffect(() => effect(() => map.value?.select(selected)), [selected]);

  const card = hovered.value?.id ?? picked.value;
  const of = coloured(mode);
  return (
    <section class="map-pane" aria-label={t.map}>
      <div class="map-stage">
        <div class="map-canvas" ref={container} />
        <div class="map-overlay" ref={overlay} aria-hidden="true" />
        {!map.value && !failure && <p class="map-note">{session.positions.value === 0 ? t.loadingStations : t.mapLoading}</p>}
        {failure && (
          <p class="map-note">
            {failure === 'draw' ? (
              t.mapNoGl
            ) : (
              <>
                {t.mapNotLoaded}{' '}
                <button type="button" class="small" onClick={() => location.reload()}>
                  {t.reload}
                </button>
              </>
            )}{' '}
            <a href={hashOf(session.info.id, 'stations')}>{t.mapToTable}</a>
          </p>
        )}
        {withPosition.value === 0 && <p class="map-note">{t.mapNoPositions}</p>}
        <div class="map-top">
          <div class="segmented" role="group" aria-label={t.mapColour}>
            {modes.map(({ key, label }) => (
              <button
                key={key}
                type="button"
                aria-pressed={key === mode}
                onClick={() => setParams({ map: key === usual ? null : key })}
              >
                {label}
              </button>
            ))}
          </div>
          <a class="visually-hidden focusable" href={hashOf(session.info.id, 'stations')}>
            {t.mapToTable}
          </a>
        </div>
        <div class="map-buttons">
          <button type="button" aria-label={t.zoomIn} title={t.zoomIn} onClick={() => map.value?.zoomBy(1)}>
            <Icon name="plus" />
          </button>
          <button type="button" aria-label={t.zoomOut} title={t.zoomOut} onClick={() => map.value?.zoomBy(-1)}>
            <Icon name="minus" />
          </button>
          <button type="button" aria-label={t.zoomAll} title={t.zoomAll} onClick={() => map.value?.fit()}>
            <Icon name="all" />
          </button>
        </div>
        <p class="map-source">{about.value?.tiles?.attribution ?? (hasDistricts.value ? t.boundaries : '')}</p>
        {card !== null && (
          <StationCard
            session={session}
            id={card}
            at={hovered.value}
            coloured={of}
            onClose={() => {
              picked.value = null;
            }}
          />
        )}
      </div>
      <Legend session={session} coloured={of} without={withPosition.value} />
    </section>
  );
}

const kPaints = new Map<string, ReturnType<typeof paints>>();

// The same object for the same colours, so that the map sees whether they changed.
function paintsOf(scale: Scale, of: typeof theme.value): ReturnType<typeof paints> {
  const key = `${scale} ${of}`;
  let made = kPaints.get(key);
  if (!made) kPaints.set(key, (made = paints(scale, of)));
  return made;
}

function legendWords({ scale, unknown }: Coloured, windowMs: number): readonly string[] {
  const t = text.value;
  switch (scale) {
    case 'fill':
      return [unknown, t.legendEmpty, t.legendLow, t.legendMid, t.legendHigh, t.legendFull, t.legendNoRacks];
    case 'net':
      return [unknown, '≤ −6', '−5 … −2', '−1 … +1', '+2 … +5', '≥ +6'];
    case 'activity':
      return [unknown, '0', '1–4', '5–9', '10–19', '≥ 20'];
    case 'empty':
    case 'full': {
      const min = language.value === 'ko' ? '분' : ' min';
      const length = windowMs / 60_000;
      return [unknown, '0', ...kTimeShares.map((share) => `<${share * length}${min}`), `${length}${min}`];
    }
  }
}

function Legend({ session, coloured, without }: { session: Session; coloured: Coloured; without: number | null }) {
  const t = text.value;
  const { scale } = coloured;
  const words = legendWords(coloured, session.windowMs);
  const all = session.stations.value.length;
  const hasNoRacks = scale === 'fill' && session.stations.value.some((station) => station.racks === null || station.racks <= 0);
  const order = words.map((_, index) => index).slice(1).concat(0);
  return (
    <div class="legend">
      <ul aria-label={t.legend}>
        {order
          .filter((index) => index !== 6 || hasNoRacks)
          .map((index) => (
            <li key={index}>
              <Mark scale={scale} of={index} /> {words[index]}
            </li>
          ))}
      </ul>
      <p>
        {t.legendSize}
        {coloured.note && ` · ${coloured.note}`}
        {without !== null && without < all && ` · ${t.mapWithout(whole(all - without))}`}
      </p>
    </div>
  );
}

interface CardProps {
  session: Session;
  id: string;
  at: { x: number; y: number } | null;
  coloured: Coloured;
  onClose: () => void;
}

function StationCard({ session, id, at, coloured, onClose }: CardProps) {
  const t = text.value;
  const card = useRef<HTMLDivElement>(null);
  const station = useStation(session, id);
  useEffect(() => {
    const element = card.current;
    const parent = element?.parentElement;
    if (!element || !parent) return;
    if (!at) {
      element.style.removeProperty('left');
      element.style.removeProperty('top');
      return;
    }
    // Beside the pointer, on the side where there is room.
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = at.x + 14 + width > parent.clientWidth ? at.x - 14 - width : at.x + 14;
    const top = Math.max(4, Math.min(at.y - height / 2, parent.clientHeight - height - 4));
    element.style.left = `${Math.max(4, left)}px`;
    element.style.top = `${top}px`;
  }, [at?.x, at?.y, id]);
  if (!station) return null;
  const now = session.now.value ?? 0;
  const standing = session.standingOf(station);
  const detail = coloured.detailOf?.(id) ?? null;
  return (
    <div class={`station-card ${at ? 'floating' : 'docked'}`} ref={card}>
      <p class="card-title">
        <Mark scale={coloured.scale} of={coloured.classOf(id)} />
        {' '}
        {station.number && <span class="number">{station.number}</span>} {station.title}
      </p>
      {!coloured.isPast && (
        <p>
          {countWords(session, station)}
          {standing.isKnown && standing.fill !== 'some' && ` · ${sinceWords(station, now, session.zone)}`}
        </p>
      )}
      {detail && <p>{detail}</p>}
      <p class="muted">
        {!coloured.isPast && `${ageWords(session, station)} · `}
        {station.id}
        {!coloured.isPast && station.renting === false && ` · ${t.noRenting}`}
        {!coloured.isPast && station.returning === false && ` · ${t.noReturning}`}
      </p>
      {!at && (
        <p class="card-buttons">
          <a class="button" href={hashOf(session.info.id, 'station', id)}>
            {t.openStation}
          </a>
          <button type="button" onClick={onClose}>
            {t.close}
          </button>
        </p>
      )}
    </div>
  );
}
