// Small signs: the map's circle beside a name, icons, and the buttons that many views have.

import type { Cell } from '../format/csv.ts';
import { download } from '../format/csv.ts';
import { kUnknownClass, paints, type Scale } from '../map/classes.ts';
import { theme } from '../preferences.ts';
import { text } from '../text/text.ts';

export function Mark({ scale, of }: { scale: Scale; of: number }) {
  const paint = paints(scale, theme.value)[of] ?? paints(scale, theme.value)[kUnknownClass]!;
  return (
    <svg class="mark" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      <circle
        cx="7"
        cy="7"
        r={6 - paint.width / 2}
        fill={paint.fill}
        fill-opacity={paint.opacity}
        stroke={paint.stroke}
        stroke-width={paint.width}
      />
    </svg>
  );
}

export interface Sheet {
  name: string; // of the file, without .csv
  header: readonly string[];
  rows: () => readonly (readonly Cell[])[];
}

// `off`: why there is nothing to be had.
export function CsvButton({ what, sheet, off = null }: { what: string; sheet: Sheet; off?: string | null }) {
  const t = text.value;
  return (
    <button
      type="button"
      class="small"
      aria-label={t.csvOf(what)}
      title={off ?? t.csvOf(what)}
      disabled={off !== null}
      onClick={() => download(`${sheet.name}.csv`, sheet.header, sheet.rows())}
    >
      <Icon name="download" /> <span>{t.csv}</span>
    </button>
  );
}

const kIcons = {
  search: 'M11 11l4 4M12.5 7.5a5 5 0 11-10 0 5 5 0 0110 0z',
  download: 'M8 2v8m0 0l-3-3m3 3l3-3M2.5 13.5h11',
  sun: 'M8 4.8a3.2 3.2 0 100 6.4 3.2 3.2 0 000-6.4zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M13 3l-1.2 1.2M4.2 11.8L3 13',
  moon: 'M13.5 9.7A6 6 0 016.3 2.5a6 6 0 107.2 7.2z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  all: 'M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4',
  play: 'M4 2.5l9 5.5-9 5.5z',
  pause: 'M5 3v10M11 3v10',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
} as const;

export function Icon({ name }: { name: keyof typeof kIcons }) {
  return (
    <svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path d={kIcons[name]} />
    </svg>
  );
}
