// A table that can be sorted and turned over page by page; which order and page is in the address.

import type { ComponentChildren } from 'preact';

import { route, setParams } from '../app.ts';
import { whole } from '../format/numbers.ts';
import { text } from '../text/text.ts';
import { Icon } from './marks.tsx';

export interface Column<Row> {
  key: string;
  head: string;
  isNumeric?: boolean;
  isWideOnly?: boolean; // left out on a phone
  value: (row: Row) => number | string | null; // what it is sorted by; unknown last
  cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  sort: string; // where the address says nothing; '-' before it: falling
  selected?: string | null;
}

const kPerPage = 50;

export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string): Row[] {
  const isFalling = sort.startsWith('-');
  const column = columns.find(({ key }) => key === sort.replace(/^-/, '')) ?? columns[0]!;
  const sign = isFalling ? -1 : 1;
  return rows
    .map((row) => ({ row, value: column.value(row) }))
    .sort((a, b) => {
      if (a.value === b.value) return 0;
      if (a.value === null) return 1;
      if (b.value === null) return -1;
      const order =
        typeof a.value === 'number' && typeof b.value === 'number'
          ? a.value - b.value
          : String(a.value).localeCompare(String(b.value), 'ko', { numeric: true });
      return sign * order;
    })
    .map(({ row }) => row);
}

export function Table<Row>({ label, columns, rows, keyOf, sort, selected = null }: Props<Row>) {
  const t = text.value;
  const { params } = route.value;
  const order = params.get('sort') ?? sort;
  const key = order.replace(/^-/, '');
  const isFalling = order.startsWith('-');
  const pages = Math.max(1, Math.ceil(rows.length / kPerPage));
  const page = Math.min(pages, Math.max(1, Number(params.get('page')) || 1));
  const shown = sorted(rows, columns, order).slice((page - 1) * kPerPage, page * kPerPage);
  const turn = (to: number) => setParams({ page: to <= 1 ? null : String(to) });
  return (
    <>
      <div class="table-scroll" tabIndex={0} role="group" aria-label={label}>
        <table class="data">
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  class={classOf(column)}
                  aria-sort={column.key === key ? (isFalling ? 'descending' : 'ascending') : undefined}
                >
                  <button
                    type="button"
                    class="sort"
                    onClick={() => {
                      const falls = column.key === key ? !isFalling : (column.isNumeric ?? false);
                      setParams({ sort: `${falls ? '-' : ''}${column.key}`, page: null });
                    }}
                  >
                    {column.head}
                    <span class="arrow" aria-hidden="true">
                      {column.key === key ? (isFalling ? '▼' : '▲') : ''}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)} class={keyOf(row) === selected ? 'selected' : ''}>
                {columns.map((column, index) =>
                  index === 0 ? (
                    <th key={column.key} scope="row" class={classOf(column)}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.key} class={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="pager">
        <span role="status">
          {t.shown(
            whole(rows.length === 0 ? 0 : (page - 1) * kPerPage + 1),
            whole(Math.min(rows.length, page * kPerPage)),
            whole(rows.length),
          )}
        </span>
        <button type="button" disabled={page <= 1} onClick={() => turn(page - 1)}>
          <Icon name="left" /> {t.previous}
        </button>
        <button type="button" disabled={page >= pages} onClick={() => turn(page + 1)}>
          {t.next} <Icon name="right" />
        </button>
      </div>
    </>
  );
}

function classOf<Row>(column: Column<Row>): string {
  return `${column.isNumeric ? 'num' : ''} ${column.isWideOnly ? 'wide-only' : ''}`;
}
