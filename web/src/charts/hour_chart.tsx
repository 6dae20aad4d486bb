// Two bars for each hour side by side, with last week's as a mark over each, and, where asked for, the
// difference as a line. Hatched: an hour that is not final, or of which nothing is known.

import { useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import uPlot from 'uplot';

import { clockTime, localTime } from '../format/times.ts';
import { language, theme } from '../preferences.ts';
import { hatch, type Look, type Options, Plot } from './plot.tsx';

export interface Bar {
  start: number;
  left: number | null;
  right: number | null;
  leftBefore: number | null;
  rightBefore: number | null;
  isProvisional: boolean;
}

interface Props {
  bars: readonly Bar[];
  zone: string;
  label: string;
  height: number;
  showsNet: boolean;
  atLeast: number; // the scale's height where all bars are small
  readout: (index: number | null) => ComponentChildren;
}

const kBarShare = 0.4;

export function HourChart({ bars, zone, label, height, showsNet, atLeast, readout }: Props) {
  const [index, setIndex] = useState<number | null>(null);
  const data = useMemo<uPlot.AlignedData>(
    () => [bars.map((_, i) => i), bars.map((bar) => bar.left), bars.map((bar) => bar.right)],
    [bars],
  );
  const values = bars.flatMap((bar) => [bar.left, bar.right, bar.leftBefore, bar.rightBefore].map((v) => v ?? 0));
  const highest = Math.max(...values, atLeast);
  const nets = showsNet ? bars.map((bar) => (bar.left === null || bar.right === null ? 0 : bar.right - bar.left)) : [];
  const lowest = Math.min(0, ...nets);
  // The chart stays while its bars change, so what it asks for while it draws is of the latest ones.
  const latest = useRef({ bars, highest, lowest });
  latest.current = { bars, highest, lowest };
  const look = `${theme.value} ${language.value} ${zone} ${showsNet}`;

  const options = (of: Look): Options => ({
    scales: {
      x: { time: false, range: () => [-0.6, latest.current.bars.length - 0.4] },
      y: { range: () => [latest.current.lowest * 1.1, latest.current.highest * 1.1] },
    },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    axes: [
      {
        stroke: of.muted,
        font: of.font,
        grid: { show: false },
        ticks: { show: false },
        size: 24,
        splits: () => latest.current.bars.flatMap((bar, i) => (startsThird(bar.start, zone) ? [i] : [])),
        values: (u, splits) =>
          splits.map((i, n) => {
            const bar = latest.current.bars[i];
            return bar && (u.width > 420 || n % 2 === 0) ? clockTime(bar.start, zone) : '';
          }),
      },
      {
        stroke: of.muted,
        font: of.font,
        size: 46,
        space: 26,
        grid: { stroke: of.grid, width: 1 },
        ticks: { show: false },
        values: (_, splits) => splits.map((value) => value.toLocaleString('en').replace('-', '−')),
      },
    ],
    series: [
      {},
      { fill: of.rent, width: 0, points: { show: false }, paths: uPlot.paths.bars!({ size: [kBarShare, 22], align: -1 }) },
      { fill: of.give, width: 0, points: { show: false }, paths: uPlot.paths.bars!({ size: [kBarShare, 22], align: 1 }) },
    ],
    hooks: { draw: [(u) => drawMarks(u, latest.current.bars, of, showsNet)] },
  });

  return (
    <>
      <p class="readout" aria-hidden="true">{readout(index)}</p>
      <Plot height={height} label={label} look={look} options={options} data={data} onCursor={setIndex} />
    </>
  );
}

// A whole hour that can be divided by three.
function startsThird(start: number, zone: string): boolean {
  const { hour, minute } = localTime(start, zone);
  return hour % 3 === 0 && minute === 0;
}

function drawMarks(u: uPlot, bars: readonly Bar[], look: Look, showsNet: boolean): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const unit = Math.abs(u.valToPos(1, 'x', true) - u.valToPos(0, 'x', true));
  const width = Math.min(unit * kBarShare, 22 * ratio);
  const mark = (left: number, value: number | null) => {
    if (value === null) return;
    const y = u.valToPos(value, 'y', true);
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
  };
  ctx.save();
  bars.forEach((bar, i) => {
    const x = u.valToPos(i, 'x', true);
    if (bar.left === null && bar.right === null) hatch(u, x - unit / 2, x + unit / 2, look.hatch);
    else if (bar.isProvisional) {
      const base = u.valToPos(0, 'y', true);
      hatch(u, x - width, x, look.ground, u.valToPos(bar.left ?? 0, 'y', true), base);
      hatch(u, x, x + width, look.ground, u.valToPos(bar.right ?? 0, 'y', true), base);
    }
  });
  ctx.strokeStyle = look.ink;
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  bars.forEach((bar, i) => {
    const x = u.valToPos(i, 'x', true);
    mark(x - width, bar.leftBefore);
    mark(x, bar.rightBefore);
  });
  ctx.stroke();
  if (showsNet) drawNet(u, bars, look);
  ctx.restore();
}

function drawNet(u: uPlot, bars: readonly Bar[], look: Look): void {
  const { ctx } = u;
  ctx.strokeStyle = look.muted;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  let isDrawing = false;
  bars.forEach((bar, i) => {
    if (bar.left === null || bar.right === null) {
      isDrawing = false;
      return;
    }
    const x = u.valToPos(i, 'x', true);
    const y = u.valToPos(bar.right - bar.left, 'y', true);
    if (isDrawing) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
    isDrawing = true;
  });
  ctx.stroke();
}
