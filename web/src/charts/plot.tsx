// uPlot in a component: made anew when the look changes, else only given new data.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Look {
  ink: string;
  muted: string;
  grid: string;
  ground: string;
  rent: string;
  give: string;
  accent: string;
  hatch: string;
  font: string;
}

export function lookOf(element: Element): Look {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: of('--ink'),
    muted: of('--muted'),
    grid: of('--grid'),
    ground: of('--panel'),
    rent: of('--rent'),
    give: of('--give'),
    accent: of('--accent'),
    hatch: of('--hatch'),
    font: `${Math.round(parseFloat(style.fontSize) * 0.79)}px ${style.fontFamily}`,
  };
}

export type Options = Omit<uPlot.Options, 'width' | 'height'>;

export interface PlotProps {
  height: number;
  label: string; // for those who cannot see it
  look: string; // changes when `options` would give something else
  options: (look: Look) => Options;
  data: uPlot.AlignedData;
  onCursor?: (index: number | null) => void;
}

export function Plot({ height, label, look, options, data, onCursor }: PlotProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data, onCursor });
  latest.current = { data, onCursor };

  useEffect(() => {
    const element = holder.current!;
    const made = options(lookOf(element));
    const chart = new uPlot(
      {
        ...made,
        width: Math.max(200, element.clientWidth),
        height,
        legend: { show: false },
        hooks: {
          ...made.hooks,
          setCursor: [(u) => latest.current.onCursor?.(u.cursor.idx ?? null)],
        },
      },
      latest.current.data,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== chart.width) {
        chart.setSize({ width: element.clientWidth, height });
      }
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [look, height]);

  useEffect(() => {
    plot.current?.setData(data);
    plot.current?.redraw(false, true); // what stands along the axes depends on the data, also where they are as long as before
  }, [data]);

  return <div ref={holder} class="plot" role="img" aria-label={label} />;
}

// Slanted lines over a part of the chart: nothing is known there, or not for good.
export function hatch(u: uPlot, left: number, right: number, colour: string, top?: number, bottom?: number): void {
  const { ctx, bbox } = u;
  const upper = top ?? bbox.top;
  const lower = bottom ?? bbox.top + bbox.height;
  const from = Math.max(left, bbox.left);
  const to = Math.min(right, bbox.left + bbox.width);
  if (to <= from || lower <= upper) return;
  const step = 6 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(from, upper, to - from, lower - upper);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  const tall = lower - upper;
  for (let x = from - tall - ((from - tall) % step); x < to; x += step) {
    ctx.moveTo(x, lower);
    ctx.lineTo(x + tall, upper);
  }
  ctx.stroke();
  ctx.restore();
}
