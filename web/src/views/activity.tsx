// What happens: each movement as it is seen, and the stations where most happens in this hour.

import { useEffect, useRef, useState } from 'preact/hooks';

import type { Movement } from '../api/types.ts';
import { whole } from '../format/numbers.ts';
import { clockTime, clockTimeSeconds } from '../format/times.ts';
import { keyOf } from '../live/model.ts';
import { milliseconds } from '../live/station.ts';
import type { Session } from '../live/session.ts';
import { CsvButton } from '../parts/marks.tsx';
import { fileName, movementSheet, stationSheet } from '../parts/sheets.ts';
import { slotsOf } from '../parts/slots.ts';
import { Tabs } from '../parts/tabs.tsx';
import { inHour, netWords } from '../parts/words.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';

const kMovementsShown = 100;
// While nobody reads on: more would be made anew with each poll, and nobody sees them.
const kMovementsAtFirst = 30; // or as many as there is room for
const kLeastRowPx = 30;
const kActiveShown = 25;

export function Activity({ session }: { session: Session }) {
  const t = text.value;
  const [which, setWhich] = useState<'movements' | 'active'>('movements');
  const sheet =
    which === 'movements'
      ? movementSheet(fileName(session, 'movements'), session, () => session.movements.value)
      : stationSheet(fileName(session, 'most-active'), session, () => mostActive(session));
  return (
    <section class="panel activity" aria-label={t.activity}>
      <Tabs
        label={t.activity}
        active={which}
        onChoose={setWhich}
        tabs={[
          { key: 'movements', label: t.movements },
          { key: 'active', label: t.mostActive },
        ]}
        aside={
          <CsvButton
            what={which === 'movements' ? t.movements : t.mostActive}
            sheet={sheet}
            off={which === 'active' && !session.isConnected.value ? t.lostList : null}
          />
        }
      >
        {which === 'movements' ? <Movements session={session} /> : <MostActive session={session} />}
      </Tabs>
    </section>
  );
}

// Newest first. While a pointer is on the list, or it is scrolled or has the focus, it stands still and only says how much is
// new: nothing moves away under the eye.
function Movements({ session }: { session: Session }) {
  const t = text.value;
  const [held, setHeld] = useState<readonly Movement[] | null>(null);
  const [room, setRoom] = useState(0);
  const isOver = useRef(false);
  const list = useRef<HTMLUListElement>(null);
  const slots = useRef<ReadonlyMap<string, number>>(new Map());
  const all = session.movements.value;
  const shown = held ?? all;
  const newest = shown.at(-1);
  let fresh = 0;
  if (held) {
    const at = newest ? all.findLastIndex((movement) => keyOf(movement) === keyOf(newest)) : -1;
    fresh = all.length - 1 - at;
  }
  const scroller = () => list.current?.closest('.tab-panel') ?? null;
  const hold = () => setHeld((before) => before ?? session.movements.peek());
  const release = () => {
    const element = list.current;
    const hasFocus = element?.contains(document.activeElement) ?? false;
    if (!isOver.current && !hasFocus && (scroller()?.scrollTop ?? 0) === 0) setHeld(null);
  };
  const isNone = all.length === 0;
  useEffect(() => {
    const element = scroller();
    if (!element) return;
    const scrolled = () => (element.scrollTop > 0 ? hold() : release());
    scrolled(); // the other tab may have been
    element.addEventListener('scroll', scrolled, { passive: true });
    const sized = new ResizeObserver(([entry]) => setRoom(Math.ceil(entry!.contentRect.height / kLeastRowPx)));
    sized.observe(element);
    return () => {
      element.removeEventListener('scroll', scrolled);
      sized.disconnect();
    };
  }, [isNone]);
  if (isNone) return <p class="hint">{t.noMovements}</p>;
  const rows = shown.slice(-(held ? kMovementsShown : Math.max(room, kMovementsAtFirst))).reverse();
  slots.current = slotsOf(slots.current, rows.map(keyOf));
  return (
    <div
      onPointerEnter={(event) => {
        if (event.pointerType !== 'mouse') return;
        isOver.current = true;
        hold();
      }}
      onPointerLeave={() => {
        isOver.current = false;
        release();
      }}
      onFocusIn={hold}
      onFocusOut={() => setTimeout(release, 0)}
    >
      <div class="list-head">
        {held ? (
          <button
            type="button"
            class="link"
            onClick={() => {
              setHeld(isOver.current ? session.movements.peek() : null);
              scroller()?.scrollTo({ top: 0 });
            }}
          >
            {fresh > 0 ? t.newMovements(fresh) : t.held}
          </button>
        ) : (
          <span class="muted">{t.newestOnTop}</span>
        )}
      </div>
      <ul class="rows movements" ref={list}>
        {rows.map((movement) => (
          <MovementRow key={slots.current.get(keyOf(movement))} session={session} movement={movement} />
        ))}
      </ul>
    </div>
  );
}

function MovementRow({ session, movement }: { session: Session; movement: Movement }) {
  const t = text.value;
  const station = session.station(movement.id);
  const isRental = movement.change < 0;
  const amount = whole(Math.abs(movement.change));
  return (
    <li>
      <a href={hashOf(session.info.id, 'station', movement.id)}>
        <time class="row-time">{clockTimeSeconds(Date.parse(movement.at), session.zone)}</time>
        <span class={`change ${isRental ? 'rental' : 'return'}`}>{isRental ? t.rented(amount) : t.returned(amount)}</span>
        <span class="row-name">{station?.title ?? movement.id}</span>
        <span class="row-note">{t.nowBikes(whole(movement.bikes))}</span>
      </a>
    </li>
  );
}

// While nothing is heard there are none: what they did in this hour is not known.
function mostActive(session: Session) {
  return session.stations.value
    .filter((station) => inHour(session, station) !== null && (station.rentals ?? 0) + (station.returns ?? 0) > 0)
    .sort(
      (a, b) =>
        (b.rentals ?? 0) + (b.returns ?? 0) - (a.rentals ?? 0) - (a.returns ?? 0) || (a.id < b.id ? -1 : 1),
    )
    .slice(0, kActiveShown);
}

function MostActive({ session }: { session: Session }) {
  const t = text.value;
  const stations = mostActive(session);
  const start = milliseconds(session.state.value?.hour?.start ?? null);
  if (session.state.value === null) return <p class="hint">{t.loading}</p>;
  if (!session.isConnected.value) return <p class="hint">{t.lostList}</p>;
  if (start === null) return <p class="hint">{t.noHourKnown}</p>;
  if (stations.length === 0) return <p class="hint">{t.noActive}</p>;
  const most = Math.max(...stations.map((station) => Math.max(station.rentals ?? 0, station.returns ?? 0)));
  return (
    <>
      <div class="list-head">
        <span class="muted">{t.activeHint(clockTime(start, session.zone))}</span>
      </div>
      <table class="ranking">
        <thead>
          <tr>
            <th scope="col">{t.station}</th>
            <th scope="col" class="num">
              {t.rentals}
            </th>
            <th scope="col" class="num">
              {t.returns}
            </th>
            <th scope="col" class="num">
              {t.net}
            </th>
          </tr>
        </thead>
        <tbody>
          {stations.map((station) => (
            <tr key={station.id}>
              <th scope="row">
                <a href={hashOf(session.info.id, 'station', station.id)}>
                  {station.number && <span class="number">{station.number}</span>} {station.title}
                </a>
              </th>
              <td class="num">
                <meter class="rentals" min={0} max={most} value={station.rentals ?? 0} aria-hidden="true" />
                {whole(station.rentals)}
              </td>
              <td class="num">
                <meter class="returns" min={0} max={most} value={station.returns ?? 0} aria-hidden="true" />
                {whole(station.returns)}
              </td>
              <td class="num">{netWords(station.rentals, station.returns)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
