// All stations as circles, in a canvas of their own over the map's. A worker paints them, and what it painted is shown: until
// the next picture is there, the last one is moved and stretched with the map. The map below is drawn again only when it
// moves, so a change of colours costs the page little more than a byte for each station, which matters where no GPU draws.
//
// Places are pixels of CSS that are reckoned in doubles: floats would shake when near.

import type { Paint } from './classes.ts';
import { takePainter } from './painter.ts';
import type { Point } from './points.ts';
import { kClasses, type Painted, type Scene } from './scene.ts';

// What of the world is seen.
export interface View {
  x: number; // of its middle, from 0 to 1 (Web Mercator)
  y: number;
  zoom: number; // the world is 512 * 2^zoom wide
  width: number; // CSS pixels
  height: number;
  density: number; // device pixels in one of these
}

// What of the painter did not work: its code did not come, or there is nothing that it could paint with.
export type Failure = 'load' | 'draw';

const kRing = kClasses - 1; // the class of what is around the selected one
const kRingRadius = 5; // beyond the station's own
const kRingWidth = 2.5;
const kTile = 512;
const kPatienceMs = 5000; // with the painter
const kMostPixels = 4096; // of a side; the map below has no more either

// Zoom and radius of a circle of size 1, exponential in between.
const kRadii: readonly (readonly [number, number])[] = [
  [8, 1.1],
  [11, 2.9],
  [13, 6],
  [16, 13],
];
const kRadiusBase = 1.4;

export function radiusAt(zoom: number): number {
  const next = kRadii.findIndex(([at]) => at > zoom);
  if (next < 0) return kRadii.at(-1)![1];
  if (next === 0) return kRadii[0]![1];
  const [from, small] = kRadii[next - 1]!;
  const [to, large] = kRadii[next]!;
  const part = (kRadiusBase ** (zoom - from) - 1) / (kRadiusBase ** (to - from) - 1);
  return small + (large - small) * part;
}

// From afar thousands of rims would be all that is seen.
export function rimAt(zoom: number, width: number): number {
  const far = width > 2 ? 1.5 : width * 0.4;
  const part = Math.min(1, Math.max(0, (zoom - 10.5) / 2.5));
  return far + (width - far) * part;
}

// Where a place of the world is seen. The world is round: the shorter way to it.
export function placeIn(view: View, x: number, y: number): [number, number] {
  const scale = kTile * 2 ** view.zoom;
  const dx = x - view.x;
  return [(dx - Math.round(dx)) * scale + view.width / 2, (y - view.y) * scale + view.height / 2];
}

// Where what was seen then lies now: its left upper corner, and how many times as large it is.
export function pictureIn(view: View, then: View): { x: number; y: number; scale: number } {
  const scale = 2 ** (view.zoom - then.zoom);
  const [x, y] = placeIn(view, then.x, then.y);
  return { x: x - (then.width * scale) / 2, y: y - (then.height * scale) / 2, scale };
}

export class StationLayer {
  private readonly canvas: HTMLCanvasElement;
  private readonly screen: ImageBitmapRenderingContext;
  private readonly painter: Worker;
  private points: readonly Point[] = [];
  private places = new Float64Array(); // x, y of each point, from 0 to 1
  private circles = new Float32Array(); // x, y, radius of each point, and of the ring
  private classes = new Uint8Array(); // of each circle
  private paints: readonly Paint[] = [];
  private ringColour = '#000000';
  private selected = -1;
  private view: View | null = null;
  private shown: View | null = null; // what the picture on the screen is of
  private asked: View | null = null; // what the next one will be of
  private hasMoved = true; // circles
  private hasChanged = true; // classes
  private isStale = true; // what is painted
  private waiting: (() => void)[] = []; // for a picture of what is
  private isOver = false; // nothing more is painted
  private patience: ReturnType<typeof setTimeout> | undefined;
  private readonly onFailure: (what: Failure) => void;

  // Throws where there are no workers.
  constructor(into: HTMLElement, onFailure: (what: Failure) => void) {
    this.onFailure = onFailure;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'station-layer';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.screen = this.canvas.getContext('bitmaprenderer')!;
    this.painter = takePainter();
    this.painter.onmessage = ({ data }: MessageEvent<Painted>) => this.take(data);
    this.painter.onerror = () => this.fail('load');
    into.append(this.canvas);
  }

  remove(): void {
    this.end();
    this.canvas.remove();
  }

  // Their classes are unknown until they are set.
  setPoints(points: readonly Point[]): void {
    this.points = points;
    this.places = new Float64Array(points.length * 2);
    points.forEach(({ lon, lat }, index) => {
      this.places[index * 2] = lon / 360 + 0.5;
      this.places[index * 2 + 1] = 0.5 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI);
    });
    this.circles = new Float32Array((points.length + 1) * 3);
    this.classes = new Uint8Array(points.length + 1);
    this.classes[points.length] = kRing;
    this.selected = -1;
    this.hasMoved = this.hasChanged = true;
    if (this.view) this.place(this.view); // they can be found before they are painted
  }

  // Returns whether that changes anything.
  setClass(index: number, value: number): boolean {
    if (this.classes[index] === value) return false;
    this.classes[index] = value;
    this.hasChanged = true;
    return true;
  }

  // Returns whether that changes anything.
  setPaints(paints: readonly Paint[]): boolean {
    if (paints === this.paints) return false;
    this.paints = paints;
    this.isStale = true;
    return true;
  }

  // -1: none is.
  select(index: number, ringColour: string): void {
    this.selected = index;
    this.ringColour = ringColour;
    this.hasMoved = this.hasChanged = true;
    this.placeRing(); // a picture may be asked for before the map is drawn again
  }

  // The picture on the screen goes with the map at once, and a new one follows: returns when it is there.
  draw(view: View): Promise<void> {
    const before = this.view;
    this.hasMoved ||=
      !before ||
      before.x !== view.x ||
      before.y !== view.y ||
      before.zoom !== view.zoom ||
      before.width !== view.width ||
      before.height !== view.height;
    this.isStale ||= this.hasMoved || this.hasChanged || before?.density !== view.density;
    this.view = view;
    if (this.hasMoved) this.place(view);
    this.follow();
    if (this.isOver || (!this.isStale && !this.asked)) return Promise.resolve();
    const done = new Promise<void>((resolve) => this.waiting.push(resolve));
    if (!this.asked) this.ask(view);
    return done;
  }

  // The one whose middle is nearest, of those whose circle is within `reach` of where the map is; -1: none is.
  nearest(x: number, y: number, reach: number): number {
    let best = -1;
    let least = Infinity;
    for (let index = 0; index < this.points.length; index += 1) {
      const at = index * 3;
      const distance = Math.hypot(this.circles[at]! - x, this.circles[at + 1]! - y);
      if (distance > this.circles[at + 2]! + reach || distance >= least) continue;
      best = index;
      least = distance;
    }
    return best;
  }

  private ask(view: View): void {
    this.asked = view;
    this.patience = setTimeout(() => this.blank(), kPatienceMs);
    const circles = this.points.length + (this.selected < 0 ? 0 : 1);
    const scene: Scene = {
      width: view.width,
      height: view.height,
      density: Math.min(view.density, kMostPixels / Math.max(view.width, view.height, 1)),
      circles: this.hasMoved ? this.circles.slice(0, circles * 3) : null,
      classes: this.hasChanged ? this.classes.slice(0, circles) : null,
      ...this.colours(view.zoom),
    };
    this.hasMoved = this.hasChanged = this.isStale = false;
    this.painter.postMessage(scene);
  }

  private take(painted: Painted): void {
    if ('failure' in painted) return this.fail('draw');
    if ('anew' in painted) {
      this.hasMoved = this.hasChanged = this.isStale = true;
      if (!this.asked && this.view) this.ask(this.view);
      return;
    }
    clearTimeout(this.patience);
    if (painted.picture) {
      this.shown = this.asked;
      this.screen.transferFromImageBitmap(painted.picture);
      this.follow();
    } else {
      this.blank(); // until the GPU is there again
    }
    this.asked = null;
    if (this.isStale && this.view) return this.ask(this.view);
    for (const tell of this.waiting.splice(0)) tell();
  }

  // What was painted once is not shown as the present.
  private blank(): void {
    this.shown = null;
    this.screen.transferFromImageBitmap(null);
  }

  private end(): void {
    this.isOver = true;
    clearTimeout(this.patience);
    this.painter.terminate();
    for (const tell of this.waiting.splice(0)) tell();
  }

  private fail(what: Failure): void {
    this.end();
    this.blank();
    this.onFailure(what);
  }

  // Where the picture on the screen lies on the map as it is now.
  private follow(): void {
    const { shown, view } = this;
    if (!shown || !view) return;
    const { x, y, scale } = pictureIn(view, shown);
    const { style } = this.canvas;
    style.width = `${shown.width}px`;
    style.height = `${shown.height}px`;
    style.transform = x === 0 && y === 0 && scale === 1 ? '' : `translate(${x}px, ${y}px) scale(${scale})`;
  }

  private place(view: View): void {
    const radius = radiusAt(view.zoom);
    this.points.forEach((point, index) => {
      const [x, y] = placeIn(view, this.places[index * 2]!, this.places[index * 2 + 1]!);
      this.placeOne(index, x, y, radius * point.size);
    });
    this.placeRing();
  }

  private placeRing(): void {
    if (this.selected < 0) return;
    const at = this.selected * 3;
    this.placeOne(this.points.length, this.circles[at]!, this.circles[at + 1]!, this.circles[at + 2]! + kRingRadius);
  }

  private placeOne(circle: number, x: number, y: number, radius: number): void {
    this.circles[circle * 3] = x;
    this.circles[circle * 3 + 1] = y;
    this.circles[circle * 3 + 2] = radius;
  }

  private colours(zoom: number): Pick<Scene, 'fills' | 'rims' | 'widths'> {
    const fills = new Float32Array(kClasses * 4);
    const rims = new Float32Array(kClasses * 4);
    const widths = new Float32Array(kClasses);
    this.paints.forEach((paint, index) => {
      fills.set(premultiplied(paint.fill, paint.opacity), index * 4);
      rims.set(premultiplied(paint.stroke, 1), index * 4);
      widths[index] = rimAt(zoom, paint.width);
    });
    rims.set(premultiplied(this.ringColour, 1), kRing * 4);
    widths[kRing] = kRingWidth;
    return { fills, rims, widths };
  }
}


// '#rrggbb' as WebGL has it.
function premultiplied(colour: string, opacity: number): [number, number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [((value >> 16) / 255) * opacity, (((value >> 8) & 255) / 255) * opacity, ((value & 255) / 255) * opacity, opacity];
}
