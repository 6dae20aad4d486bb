// Bikes of one station over the last 24 hours, as steps; hatched where nothing is known.

import { useMemo, useState } from 'preact/hooks';
import uPlot from 'uplot';

import { clockTime, dayName } from '../format/times.ts';
import { language, theme } from '../preferences.ts';
import { text } from '../text/text.ts';
import { hatch, type Look, type Options, Plot } from './plot.tsx';
import { kDayMs, type Steps } from './series.ts';

interface Props {
  steps: Steps;
  now: number;
  racks: number | null;
  zone: string;
}

export function BikesChart({ steps, now, racks, zone }: Props) {
  const t = text.value;
  const [index, setIndex] = useState<number | null>(null);
  const highest = Math.max(racks ?? 0, ...steps.y.map((bikes) => bikes ?? 0), 4);
  const data = useMemo<uPlot.AlignedData>(() => [steps.x, steps.y], [steps]);
  const look = `${theme.value} ${language.value} ${zone} ${highest} ${racks} ${now} ${JSON.stringify(steps.unknown)}`;

  const options = (of: Look): Options => ({
    scales: {
      x: { time: true, range: () => [(now - kDayMs) / 1000, now / 1000] },
      y: { range: () => [0, highest * 1.08] },
    },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    axes: [
      {
        stroke: of.muted,
        font: of.font,
        grid: { stroke: of.grid, width: 1 },
        ticks: { show: false },
        space: 56,
        values: (_, splits) => splits.map((at) => clockTime(at * 1000, zone)),
      },
      {
        stroke: of.muted,
        font: of.font,
        size: 34,
        grid: { stroke: of.grid, width: 1 },
        ticks: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      },
    ],
    series: [
      {},
      {
        stroke: of.accent,
        width: 2,
        fill: `${of.accent}22`,
        paths: uPlot.paths.stepped!({ align: 1 }),
        points: { show: false },
        spanGaps: false,
      },
    ],
    hooks: {
      drawAxes: [
        (u) => {
          for (const span of steps.unknown) {
            hatch(u, u.valToPos(span.from, 'x', true), u.valToPos(span.to, 'x', true), of.hatch);
          }
          if (racks === null || racks <= 0) return;
          const y = u.valToPos(racks, 'y', true);
          u.ctx.save();
          u.ctx.strokeStyle = of.muted;
          u.ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
          u.ctx.beginPath();
          u.ctx.moveTo(u.bbox.left, y);
          u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
          u.ctx.stroke();
          u.ctx.restore();
        },
      ],
    },
  });

  const at = index === null ? undefined : steps.x[index];
  const bikes = index === null ? undefined : steps.y[index];
  return (
    <>
      <p class="readout" aria-hidden="true">
        {at === undefined || bikes === undefined || bikes === null ? (
          <>
            <span class="key line-key" /> {t.bikes} <span class="key dash-key" /> {t.racks}{' '}
            <span class="key hatch-key" /> {t.gapHint}
          </>
        ) : (
          <>
            {dayName(at * 1000, zone, language.value)} {clockTime(at * 1000, zone)} · {t.bikes} <b>{bikes}</b>
          </>
        )}
      </p>
      <Plot height={210} label={t.last24} look={look} options={options} data={data} onCursor={setIndex} />
    </>
  );
}
