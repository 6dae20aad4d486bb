// One station, for who shows nothing else: as soon as it is heard, and only when it is another one.

import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import type { Session } from '../live/session.ts';
import type { LiveStation } from '../live/station.ts';

// Nothing where `id` is null or not known.
export function useStation(session: Session, id: string | null): LiveStation | undefined {
  const station = useMemo(
    () =>
      computed(() => {
        void session.heard.value;
        return id === null ? undefined : session.station(id);
      }),
    [session, id],
  );
  return station.value;
}
