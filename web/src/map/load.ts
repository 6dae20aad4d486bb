// The map's code is most of the page's bytes, so it is loaded apart from the rest: it begins as soon as the page has
// shown something, while the first answers are on their way.

import { beginPainter } from './painter.ts';

type Loaded = typeof import('./station_map.ts');

let loading: Promise<Loaded> | null = null;

export function loadMap(): Promise<Loaded> {
  loading ??= import('./station_map.ts').catch((error: unknown) => {
    loading = null; // the next one who needs it tries again
    throw error;
  });
  return loading;
}

export function loadMapSoon(): void {
  requestAnimationFrame(() =>
    setTimeout(() => {
      beginPainter();
      void loadMap().catch(() => undefined);
    }, 0),
  );
}
