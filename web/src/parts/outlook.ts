// What the server makes of the trails of all stations: fetched now and then, because it depends on all that was seen
// and only its lists are shown.

import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import type { Outlook } from '../api/types.ts';
import { client } from '../app.ts';
import { youngOf } from '../live/outlook.ts';
import type { Session } from '../live/session.ts';
import { type Loaded, useLoaded } from './loaded.ts';

const kEveryMs = 15_000;
const kEveryMsOfDemo = 3_000; // in which half an hour may pass

export function useOutlook(session: Session): Loaded<Outlook> {
  const beat = useSignal(0);
  const everyMs = useComputed(() => ((session.state.value?.speed ?? 1) > 1 ? kEveryMsOfDemo : kEveryMs)).value;
  useEffect(() => {
    const again = () => {
      if (session.isConnected.peek() && document.visibilityState === 'visible') beat.value += 1;
    };
    const timer = setInterval(again, everyMs);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [session, everyMs]);
  const loaded = useLoaded(
    (signal) => client.outlook(session.info.id, signal),
    session.info.id,
    `${beat.value} ${session.snapshots.value}`,
  );
  return { ...loaded, value: youngOf(loaded.value, session.now.value, session.state.value?.speed ?? 1) };
}
