// All stations as circles, in a canvas of their own over the map's: one draw call of two triangles for each station.
// What changes from second to second is a byte for each; the map below is drawn again only when it moves. So a change costs
// a tenth of what a circle layer of the map itself would, which matters where no GPU draws.
//
// WebGL 2. Places are pixels of CSS that are reckoned in doubles: floats would shake when near.

import type { Paint } from './classes.ts';
import type { Point } from './points.ts';

// What of the world is seen.
export interface View {
  x: number; // of its middle, from 0 to 1 (Web Mercator)
  y: number;
  zoom: number; // the world is 512 * 2^zoom wide
  width: number; // CSS pixels
  height: number;
  density: number; // device pixels in one of these
}

const kClasses = 8;
const kRing = kClasses - 1; // the class of what is around the selected one
const kRingRadius = 5; // beyond the station's own
const kRingWidth = 2.5;
const kTile = 512;
const kMostPixels = 4096; // of a side; the map below has no more either
const kCorners = 4;
const kIndices = 6;

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

const kVertex = `#version 300 es
uniform vec2 size;
uniform float pixel;
uniform vec4 fills[${kClasses}];
uniform vec4 rims[${kClasses}];
uniform float widths[${kClasses}];
in vec3 circle;
in float kind;
out vec2 at;
flat out vec4 fill, rim;
flat out float inner, outer;
void main() {
  int of = int(kind);
  fill = fills[of];
  rim = rims[of];
  inner = circle.z;
  outer = circle.z + widths[of];
  at = (vec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1) * 2.0 - 1.0) * (outer + pixel);
  vec2 place = (circle.xy + at) / size * 2.0 - 1.0;
  gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
}`;

const kFragment = `#version 300 es
precision highp float;
uniform float pixel;
in vec2 at;
flat in vec4 fill, rim;
flat in float inner, outer;
out vec4 colour;
void main() {
  float from = length(at);
  float inside = clamp((inner - from) / pixel + 0.5, 0.0, 1.0);
  float within = clamp((outer - from) / pixel + 0.5, 0.0, 1.0);
  colour = fill * inside + rim * (within - inside);
}`;

export class StationLayer {
  private readonly canvas: HTMLCanvasElement;
  private readonly gl: WebGL2RenderingContext;
  private uniforms: Record<'size' | 'pixel' | 'fills' | 'rims' | 'widths', WebGLUniformLocation | null> | null = null;
  private circles: WebGLBuffer | null = null;
  private kinds: WebGLBuffer | null = null;
  private points: readonly Point[] = [];
  private places = new Float64Array(); // x, y of each point, from 0 to 1
  private corners = new Float32Array(); // x, y, radius of each corner; after those of the points the ring's
  private classes = new Uint8Array(); // of each corner
  private paints: readonly Paint[] = [];
  private ringColour = '#000000';
  private selected = -1;
  private view: View | null = null;
  private hasMoved = true; // places
  private hasChanged = true; // classes
  private isStale = true; // what is on the screen

  // Throws where there is no WebGL 2.
  constructor(into: HTMLElement) {
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'station-layer';
    this.canvas.setAttribute('aria-hidden', 'true');
    const gl = this.canvas.getContext('webgl2', { antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error('no WebGL 2');
    this.gl = gl;
    into.append(this.canvas);
    this.canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault(); // so that it may come back
      this.uniforms = null;
    });
    this.canvas.addEventListener('webglcontextrestored', () => {
      this.begin();
      if (this.view) this.draw(this.view);
    });
    this.begin();
  }

  remove(): void {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext(); // browsers have few of them
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
    const circles = points.length + 1;
    this.corners = new Float32Array(circles * kCorners * 3);
    this.classes = new Uint8Array(circles * kCorners);
    this.classes.fill(kRing, points.length * kCorners);
    this.selected = -1;
    if (this.uniforms) this.number(circles);
    this.hasMoved = this.hasChanged = true;
    if (this.view) this.place(this.view); // they can be found before they are drawn
  }

  // Returns whether that changes anything.
  setClass(index: number, value: number): boolean {
    const at = index * kCorners;
    if (this.classes[at] === value) return false;
    this.classes.fill(value, at, at + kCorners);
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
    this.hasMoved = true;
  }

  // Draws at once, as whoever moves the map wants both in the same frame; nothing where it would be the same.
  draw(view: View): void {
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
    const { gl, uniforms } = this;
    if (!this.isStale || !uniforms || gl.isContextLost()) return;
    const density = this.resize(view);
    if (this.hasMoved) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.circles);
      gl.bufferData(gl.ARRAY_BUFFER, this.corners, gl.DYNAMIC_DRAW);
    }
    if (this.hasChanged) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.kinds);
      gl.bufferData(gl.ARRAY_BUFFER, this.classes, gl.DYNAMIC_DRAW);
    }
    this.hasMoved = this.hasChanged = this.isStale = false;
    this.tellPaints(uniforms, view.zoom);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.uniform2f(uniforms.size, view.width, view.height);
    gl.uniform1f(uniforms.pixel, 1 / density);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const circles = this.points.length + (this.selected < 0 ? 0 : 1);
    gl.drawElements(gl.TRIANGLES, circles * kIndices, gl.UNSIGNED_INT, 0);
  }

  // The one whose middle is nearest, of those whose circle is within `reach` of what was drawn last; -1: none is.
  nearest(x: number, y: number, reach: number): number {
    let best = -1;
    let least = Infinity;
    for (let index = 0; index < this.points.length; index += 1) {
      const at = index * kCorners * 3;
      const distance = Math.hypot(this.corners[at]! - x, this.corners[at + 1]! - y);
      if (distance > this.corners[at + 2]! + reach || distance >= least) continue;
      best = index;
      least = distance;
    }
    return best;
  }

  private begin(): void {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, kVertex],
      [gl.FRAGMENT_SHADER, kFragment],
    ] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program) ?? 'shaders');
    }
    gl.useProgram(program);
    const uniform = (name: string) => gl.getUniformLocation(program, name);
    this.uniforms = {
      size: uniform('size'),
      pixel: uniform('pixel'),
      fills: uniform('fills'),
      rims: uniform('rims'),
      widths: uniform('widths'),
    };
    this.circles = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.circles);
    this.attribute(gl.getAttribLocation(program, 'circle'), 3, gl.FLOAT);
    this.kinds = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.kinds);
    this.attribute(gl.getAttribLocation(program, 'kind'), 1, gl.UNSIGNED_BYTE);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.number(this.points.length + 1);
    this.hasMoved = this.hasChanged = true;
  }

  // Returns how many pixels of it are one of CSS.
  private resize(view: View): number {
    const density = Math.min(view.density, kMostPixels / Math.max(view.width, view.height, 1));
    const [width, height] = [Math.round(view.width * density), Math.round(view.height * density)];
    // Setting it empties it, be it the same.
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    // As wide as the map's canvas, which follows the page in steps.
    this.canvas.style.width = `${view.width}px`;
    this.canvas.style.height = `${view.height}px`;
    return density;
  }

  private attribute(location: number, size: number, type: number): void {
    this.gl.enableVertexAttribArray(location);
    this.gl.vertexAttribPointer(location, size, type, false, 0, 0);
  }

  // The corners of each circle's two triangles. One circle drawn as often as there are stations would be less to tell, and
  // is ten times slower where no GPU draws.
  private number(circles: number): void {
    const indices = new Uint32Array(circles * kIndices);
    for (let circle = 0; circle < circles; circle += 1) {
      const first = circle * kCorners;
      indices.set([first, first + 1, first + 2, first + 2, first + 1, first + 3], circle * kIndices);
    }
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, indices, this.gl.STATIC_DRAW);
  }

  private place(view: View): void {
    const scale = kTile * 2 ** view.zoom;
    const radius = radiusAt(view.zoom);
    this.points.forEach((point, index) => {
      let dx = this.places[index * 2]! - view.x;
      dx -= Math.round(dx); // the world is round
      const dy = this.places[index * 2 + 1]! - view.y;
      this.placeOne(index, dx * scale + view.width / 2, dy * scale + view.height / 2, radius * point.size);
    });
    if (this.selected < 0) return;
    const at = this.selected * kCorners * 3;
    this.placeOne(this.points.length, this.corners[at]!, this.corners[at + 1]!, this.corners[at + 2]! + kRingRadius);
  }

  private placeOne(circle: number, x: number, y: number, radius: number): void {
    const from = circle * kCorners * 3;
    for (let at = from; at < from + kCorners * 3; at += 3) {
      this.corners[at] = x;
      this.corners[at + 1] = y;
      this.corners[at + 2] = radius;
    }
  }

  private tellPaints(uniforms: NonNullable<StationLayer['uniforms']>, zoom: number): void {
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
    this.gl.uniform4fv(uniforms.fills, fills);
    this.gl.uniform4fv(uniforms.rims, rims);
    this.gl.uniform1fv(uniforms.widths, widths);
  }
}

// '#rrggbb' as WebGL has it.
function premultiplied(colour: string, opacity: number): [number, number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [((value >> 16) / 255) * opacity, (((value >> 8) & 255) / 255) * opacity, ((value & 255) / 255) * opacity, opacity];
}
