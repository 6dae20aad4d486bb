// A chart with its name, a switch to the same as a table, and the CSV of it.

import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

import { text } from '../text/text.ts';
import { CsvButton, type Sheet } from './marks.tsx';

interface Props {
  title: string;
  hint?: string;
  sheet: Sheet;
  head: readonly string[];
  rows: () => readonly (readonly (string | number)[])[];
  children: ComponentChildren;
  className?: string;
}

export function ChartCard({ title, hint, sheet, head, rows, children, className = '' }: Props) {
  const t = text.value;
  const id = useId();
  const [isTable, setTable] = useState(false);
  return (
    <section class={`panel chart-card ${className}`} aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {hint && <span class="muted">{hint}</span>}
        <span class="spring" />
        <button type="button" class="small" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? t.asChart : t.asTable}
        </button>
        <CsvButton what={title} sheet={sheet} />
      </div>
      {isTable ? (
        <div class="table-scroll" tabIndex={0} role="group" aria-labelledby={id}>
          <table class="data">
            <thead>
              <tr>
                {head.map((name, index) => (
                  <th key={name} scope="col" class={index > 0 ? 'num' : ''}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows().map((row) => (
                <tr key={row[0]}>
                  {row.map((cell, index) =>
                    index === 0 ? (
                      <th key={index} scope="row">
                        {cell}
                      </th>
                    ) : (
                      <td key={index} class="num">
                        {cell}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        children
      )}
    </section>
  );
}
