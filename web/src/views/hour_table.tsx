// The rows of the hour that the history shows.

import { route } from '../app.ts';
import type { HourRow } from '../api/types.ts';
import { minutes, percent, signed, whole } from '../format/numbers.ts';
import type { Session } from '../live/session.ts';
import { lengthOf, secondsOf } from '../map/classes.ts';
import { type Day, kColumns, keysOf } from '../map/day.ts';
import { CsvButton } from '../parts/marks.tsx';
import { hourFileName } from '../parts/sheets.ts';
import { type Column, sorted, Table } from '../parts/table.tsx';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';

interface Props {
  session: Session;
  start: number;
  day: Day | null; // not here yet
  error: string | null;
  retry: () => void;
}

export function HourTable({ session, start, day, error, retry }: Props) {
  const t = text.value;
  void session.positions.value; // names
  const rows = day?.rows(start) ?? [];
  const keys = keysOf(rows);
  const sums = day?.sum(start) ?? null;
  const columns = hourColumns(session);
  const order = route.value.params.get('sort') ?? '-activity';
  return (
    <section class="panel hour-table" aria-label={t.rows}>
      <div class="card-head">
        <h2>{t.rows}</h2>
        {sums && (
          <span class="muted">
            {t.totalsOf(whole(sums.stations))} · {t.rentals} <b>{whole(sums.rentals)}</b> · {t.returns}{' '}
            <b>{whole(sums.returns)}</b> · {t.net} <b>{signed(sums.returns - sums.rentals)}</b>
          </span>
        )}
        <span class="spring" />
        <CsvButton
          what={t.rows}
          sheet={{
            name: hourFileName(session, 'hour', start),
            header: kHeader,
            rows: () => sorted(rows, columns, order).map((row) => kHeader.map((name) => row[name])),
          }}
        />
      </div>
      {error && (
        <p class="hint bad-text">
          {error}{' '}
          <button type="button" class="small" onClick={retry}>
            {t.retryNow}
          </button>
        </p>
      )}
      {!error && day === null && <p class="hint">{t.loadingDay}</p>}
      {day && rows.length === 0 && <p class="hint">{t.noRows}</p>}
      {rows.length > 0 && (
        <Table
          label={t.rows}
          columns={columns}
          rows={rows}
          keyOf={(row) => keys.get(row)!}
          sort="-activity"
        />
      )}
    </section>
  );
}

const kHeader: readonly (keyof HourRow)[] = ['start', 'end', 'stationId', ...kColumns];

function hourColumns(session: Session): Column<HourRow>[] {
  const t = text.value;
  const number = (
    key: string,
    head: string,
    value: (row: HourRow) => number | null,
    isWideOnly = false,
    cell: (row: HourRow) => string = (row) => whole(value(row)),
  ): Column<HourRow> => ({ key, head, isNumeric: true, isWideOnly, value, cell });
  const seconds = (row: HourRow, of: 'empty' | 'full') => secondsOf(row, of, session.station(row.stationId)?.racks ?? null);
  const title = (id: string) => session.station(id)?.title ?? id;
  return [
    {
      key: 'name',
      head: t.station,
      value: (row) => title(row.stationId),
      cell: (row) => {
        const station = session.station(row.stationId);
        return (
          <a href={hashOf(session.info.id, 'station', row.stationId)}>
            {station?.number && <span class="number">{station.number}</span>} {title(row.stationId)}
          </a>
        );
      },
    },
    number('rentals', t.rentals, (row) => row.total_rental),
    number('returns', t.returns, (row) => row.total_return),
    number('net', t.net, (row) => row.total_return - row.total_rental, false, (row) =>
      signed(row.total_return - row.total_rental),
    ),
    number('activity', t.mapActivity, (row) => row.total_return + row.total_rental, true),
    number('unseen', t.unobserved, (row) => row.unobserved_change, true, (row) => signed(row.unobserved_change)),
    number('close', t.openClose, (row) => row.bikes_close, false, (row) => `${row.bikes_open} → ${row.bikes_close}`),
    number('max', t.minMax, (row) => row.bikes_max, true, (row) => `${row.bikes_min}–${row.bikes_max}`),
    number('observed', t.observed, (row) => row.observed_seconds, true, (row) =>
      percent(row.observed_seconds, lengthOf(row)),
    ),
    number('empty', t.emptyMinutes, (row) => seconds(row, 'empty'), true, (row) => minutes(seconds(row, 'empty'))),
    number('full', t.fullMinutes, (row) => seconds(row, 'full'), true, (row) => minutes(seconds(row, 'full'))),
  ];
}
