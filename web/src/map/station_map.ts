// The map itself: one circle layer that the GPU draws. Places are set once; what changes from second to second
// is each station's class, as feature state, so nothing is loaded anew and nothing flickers. Names are HTML
// above the canvas, because fonts of the map would have to come from a server.
//
// Loaded by load.ts.

import maplibre, {
  type ExpressionSpecification,
  type GeoJSONSource,
  type Map as GlMap,
  type StyleSpecification,
} from 'maplibre-gl';

import type { Tiles } from '../api/types.ts';
import type { LiveStation } from '../live/station.ts';
import type { Theme } from '../preferences.ts';
import type { Paint } from './classes.ts';
import { type Districts, labelPoint } from './districts.ts';

export interface MapLabels {
  canvas: string;
  gestureTouch: string;
  gestureWheel: string;
  gestureWheelMac: string;
}

export interface MapOptions {
  container: HTMLElement;
  overlay: HTMLElement; // above the canvas, for names
  tiles: Tiles | null;
  stations: readonly LiveStation[]; // the first ones; setStations() tells of others
  theme: Theme;
  isStill: boolean; // no flights
  isCooperative: boolean; // one finger scrolls the page, two move the map
  labels: MapLabels;
  onHover(id: string | null, at: { x: number; y: number } | null): void;
  onPick(id: string | null): void;
}

const kColours = {
  light: { ground: '#e9edf0', land: '#f8f9f9', border: '#b4bec8', ring: '#10151a' },
  dark: { ground: '#10151a', land: '#181f26', border: '#3d4a56', ring: '#ffffff' },
} as const;

const kNumbersFromZoom = 14.2;
const kNumbersAtMost = 90;
const kFlightMs = 700;
const kFit = { padding: 36, maxZoom: 15 };
// Zoom and radius of a circle of size 1, exponential in between.
const kRadii: readonly (readonly [number, number])[] = [
  [8, 1.1],
  [11, 2.9],
  [13, 6],
  [16, 13],
];
const kRadiusBase = 1.4;

function radiusAt(zoom: number): number {
  const next = kRadii.findIndex(([at]) => at > zoom);
  if (next <= 0) return kRadii.at(next)![1];
  const [from, small] = kRadii[next - 1]!;
  const [to, large] = kRadii[next]!;
  const part = (kRadiusBase ** (zoom - from) - 1) / (kRadiusBase ** (to - from) - 1);
  return small + (large - small) * part;
}

interface Point {
  id: string;
  lon: number;
  lat: number;
  size: number; // by racks
}

// Those that have a place, as the map draws them.
function pointsOf(stations: readonly LiveStation[]): Point[] {
  const points: Point[] = [];
  for (const { id, lon, lat, racks } of stations) {
    if (lon === null || lat === null || Math.abs(lat) > 85 || (lon === 0 && lat === 0)) continue;
    const size = racks === null || racks <= 0 ? 1 : Math.min(1.9, Math.max(0.7, Math.sqrt(racks / 14)));
    points.push({ id, lon, lat, size });
  }
  return points;
}

function isSamePoint(a: Point, b: Point | undefined): boolean {
  return b !== undefined && a.id === b.id && a.lon === b.lon && a.lat === b.lat && a.size === b.size;
}

// What the map asks its source for. A station's number is its place among the points.
function featuresOf(points: readonly Point[]): Exclude<Parameters<GeoJSONSource['setData']>[0], string> {
  return {
    type: 'FeatureCollection',
    features: points.map((point, index) => ({
      type: 'Feature',
      id: index,
      properties: { size: point.size },
      geometry: { type: 'Point', coordinates: [point.lon, point.lat] },
    })),
  };
}

// Of all but the few that lie far off by mistake.
function boundsOf(points: readonly Point[]): [[number, number], [number, number]] | null {
  if (points.length === 0) return null;
  const lons = points.map((point) => point.lon).sort((a, b) => a - b);
  const lats = points.map((point) => point.lat).sort((a, b) => a - b);
  const cut = Math.floor(points.length * 0.002);
  const last = points.length - 1 - cut;
  return [
    [lons[cut]!, lats[cut]!],
    [lons[last]!, lats[last]!],
  ];
}

// Its worker starts while the first answers are on their way.
maplibre.prewarm();

export class StationMap {
  private readonly map: GlMap;
  private readonly options: MapOptions;
  private points: Point[] = [];
  private readonly numbers = new Map<string, number>(); // id -> index in points
  private classes: Uint8Array = new Uint8Array();
  private wanted: ((id: string) => number) | null = null;
  private counts: ((id: string) => string | null) | null = null;
  private districts: { label: HTMLElement; at: [number, number]; name: string; nameEn: string }[] = [];
  private readonly badges = new Map<string, HTMLElement>();
  private selected: string | null = null;
  private paints: readonly Paint[] = [];
  private isReady = false;
  private hasFitted = false;
  private showsAll = true; // and nobody chose another part
  private waiting: (() => void)[] = [];
  private theme: Theme;

  constructor(options: MapOptions) {
    this.options = options;
    this.theme = options.theme;
    this.take(pointsOf(options.stations));
    const bounds = boundsOf(this.points);
    this.hasFitted = bounds !== null;
    this.map = new maplibre.Map({
      container: options.container,
      style: this.style(),
      ...(bounds ? { bounds, fitBoundsOptions: kFit } : { center: [126.99, 37.555], zoom: 10 }),
      minZoom: 2,
      maxZoom: 18,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      cooperativeGestures: options.isCooperative,
      locale: {
        'Map.Title': options.labels.canvas,
        'CooperativeGesturesHandler.MobileHelpText': options.labels.gestureTouch,
        'CooperativeGesturesHandler.WindowsHelpText': options.labels.gestureWheel,
        'CooperativeGesturesHandler.MacHelpText': options.labels.gestureWheelMac,
      },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    // Before anything is drawn: so the first frame has the stations.
    this.map.on('style.load', () => {
      this.isReady = true;
      this.showSelected();
      this.goToSelected(false);
      for (const run of this.waiting.splice(0)) run();
    });
    this.map.on('move', () => this.placeLabels());
    // The page around it may still be finding its places.
    this.map.on('resize', () => {
      if (this.showsAll) this.fit(false);
      this.placeLabels();
    });
    this.map.on('movestart', (event) => {
      if (event.originalEvent) this.showsAll = false;
      options.onHover(null, null);
    });
    this.map.on('mousemove', (event) => {
      const id = this.at(event.point);
      this.map.getCanvas().style.cursor = id === null ? '' : 'pointer';
      options.onHover(id, id === null ? null : event.point);
    });
    this.map.on('mouseout', () => options.onHover(null, null));
    this.map.on('click', (event) => options.onPick(this.at(event.point)));
  }

  remove(): void {
    this.map.remove();
    this.options.overlay.replaceChildren();
  }

  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    this.whenReady(() => {
      const colours = kColours[this.theme];
      this.map.setPaintProperty('ground', 'background-color', colours.ground);
      if (this.map.getLayer('districts')) {
        this.map.setPaintProperty('districts', 'fill-color', colours.land);
        this.map.setPaintProperty('borders', 'line-color', colours.border);
      }
      this.map.setPaintProperty('selected', 'circle-stroke-color', colours.ring);
    });
  }

  setPaints(paints: readonly Paint[]): void {
    if (paints === this.paints) return;
    this.paints = paints;
    this.whenReady(() => {
      const of = (value: (paint: Paint) => string | number): ExpressionSpecification =>
        [
          'match',
          ['coalesce', ['feature-state', 'class'], 0],
          ...this.paints.slice(1).flatMap((paint, index) => [index + 1, value(paint)]),
          value(this.paints[0]!),
        ] as unknown as ExpressionSpecification;
      this.map.setPaintProperty('stations', 'circle-color', of((paint) => paint.fill));
      this.map.setPaintProperty('stations', 'circle-stroke-color', of((paint) => paint.stroke));
      // From afar thousands of rims would be all that is seen.
      this.map.setPaintProperty('stations', 'circle-stroke-width', [
        'interpolate',
        ['linear'],
        ['zoom'],
        10.5, of((paint) => (paint.width > 2 ? 1.5 : paint.width * 0.4)),
        13, of((paint) => paint.width),
      ] as unknown as ExpressionSpecification);
      this.map.setPaintProperty('stations', 'circle-opacity', of((paint) => paint.opacity));
    });
  }

  // Stations that came, went, moved or have other racks. Returns how many have a position.
  setStations(stations: readonly LiveStation[]): number {
    const points = pointsOf(stations);
    const isSame = points.length === this.points.length && points.every((point, n) => isSamePoint(point, this.points[n]));
    if (isSame) return points.length;
    this.take(points);
    this.whenReady(() => {
      this.map.getSource<GeoJSONSource>('stations')!.setData(featuresOf(points));
      this.map.removeFeatureState({ source: 'stations' });
      if (this.wanted) this.setClasses(this.wanted);
      this.showSelected();
      if (this.hasFitted || points.length === 0) return;
      this.hasFitted = true;
      this.fit(false);
      this.goToSelected(false);
    });
    return points.length;
  }

  // Only classes that changed reach the GPU.
  setClasses(classOf: (id: string) => number): void {
    this.wanted = classOf;
    if (!this.isReady) return;
    this.points.forEach((point, index) => {
      const value = classOf(point.id);
      if (value === this.classes[index]) return;
      this.classes[index] = value;
      this.map.setFeatureState({ source: 'stations', id: index }, { class: value });
    });
  }

  // What is written on the circles when they are large enough.
  setCounts(counts: (id: string) => string | null): void {
    this.counts = counts;
    this.placeLabels();
  }

  setDistricts(districts: Districts, language: string): void {
    this.whenReady(() => {
      if (this.map.getSource('districts')) return;
      const colours = kColours[this.theme];
      this.map.addSource('districts', { type: 'geojson', data: districts as Parameters<GeoJSONSource['setData']>[0] });
      this.map.addLayer(
        {
          id: 'districts',
          type: 'fill',
          source: 'districts',
          paint: { 'fill-color': colours.land, 'fill-antialias': false }, // the borders cover its edge
        },
        'stations',
      );
      this.map.addLayer(
        {
          id: 'borders',
          type: 'line',
          source: 'districts',
          paint: { 'line-color': colours.border, 'line-width': 1.2 },
        },
        'stations',
      );
      this.districts = districts.features.map((feature) => {
        const label = document.createElement('div');
        label.className = 'district-label';
        this.options.overlay.append(label);
        return { label, at: labelPoint(feature), name: feature.properties.name, nameEn: feature.properties.name_en };
      });
      this.setLanguage(language);
      this.placeLabels();
    });
  }

  setLanguage(language: string): void {
    for (const district of this.districts) {
      district.label.textContent = language === 'ko' ? district.name : district.nameEn.replace(/-gu$/, '');
    }
  }

  select(id: string | null): void {
    this.selected = id;
    this.whenReady(() => {
      this.showSelected();
      this.goToSelected(!this.options.isStill);
    });
  }

  zoomBy(steps: number): void {
    this.showsAll = false;
    const zoom = this.map.getZoom() + steps;
    if (this.options.isStill) this.map.setZoom(zoom);
    else this.map.zoomTo(zoom, { duration: 250 });
  }

  fit(isSmooth = !this.options.isStill): void {
    this.showsAll = true;
    const bounds = boundsOf(this.points);
    if (bounds) this.map.fitBounds(bounds, { ...kFit, duration: isSmooth ? kFlightMs : 0 });
  }

  private take(points: Point[]): void {
    this.points = points;
    this.numbers.clear();
    points.forEach((point, index) => this.numbers.set(point.id, index));
    this.classes = new Uint8Array(points.length);
  }

  private whenReady(run: () => void): void {
    if (this.isReady) run();
    else this.waiting.push(run);
  }

  private style(): StyleSpecification {
    const colours = kColours[this.theme];
    const { tiles } = this.options;
    const style: StyleSpecification = {
      version: 8,
      sources: { stations: { type: 'geojson', data: featuresOf(this.points) } },
      layers: [{ id: 'ground', type: 'background', paint: { 'background-color': colours.ground } }],
    };
    if (tiles) {
      style.sources['tiles'] = { type: 'raster', tiles: [tiles.url], tileSize: 256 };
      style.layers.push({ id: 'tiles', type: 'raster', source: 'tiles' });
    }
    const radius = (more: number): ExpressionSpecification =>
      [
        'interpolate',
        ['exponential', kRadiusBase],
        ['zoom'],
        ...kRadii.flatMap(([zoom, size]) => [zoom, ['+', more, ['*', size, ['get', 'size']]]]),
      ] as unknown as ExpressionSpecification;
    style.layers.push(
      {
        id: 'stations',
        type: 'circle',
        source: 'stations',
        paint: { 'circle-radius': radius(0) },
      },
      {
        id: 'selected',
        type: 'circle',
        source: 'stations',
        filter: ['==', ['id'], -1],
        paint: {
          'circle-radius': radius(5),
          'circle-opacity': 0,
          'circle-stroke-width': 2.5,
          'circle-stroke-color': colours.ring,
        },
      },
    );
    return style;
  }

  private goToSelected(isSmooth: boolean): void {
    const point = this.points[this.numbers.get(this.selected ?? '') ?? -1];
    if (!point) return;
    this.showsAll = false;
    const camera = { center: [point.lon, point.lat] as [number, number], zoom: Math.max(this.map.getZoom(), 14.5) };
    if (isSmooth) this.map.easeTo({ ...camera, duration: kFlightMs });
    else this.map.jumpTo(camera);
  }

  private showSelected(): void {
    const index = this.selected === null ? -1 : (this.numbers.get(this.selected) ?? -1);
    this.map.setFilter('selected', ['==', ['id'], index]);
  }

  // The nearest station within a finger's or a pointer's reach.
  private at(point: { x: number; y: number }): string | null {
    if (!this.isReady) return null;
    const reach = matchMedia('(pointer: coarse)').matches ? 14 : 5;
    const found = this.map.queryRenderedFeatures(
      [
        [point.x - reach, point.y - reach],
        [point.x + reach, point.y + reach],
      ],
      { layers: ['stations'] },
    );
    let best: string | null = null;
    let nearest = Infinity;
    for (const feature of found) {
      const station = this.points[feature.id as number];
      if (!station) continue;
      const { x, y } = this.map.project([station.lon, station.lat]);
      const distance = (x - point.x) ** 2 + (y - point.y) ** 2;
      if (distance < nearest) {
        nearest = distance;
        best = station.id;
      }
    }
    return best;
  }

  private placeLabels(): void {
    if (!this.isReady) return;
    const zoom = this.map.getZoom();
    const { clientWidth: width, clientHeight: height } = this.options.container;
    const isInside = (x: number, y: number) => x > -20 && y > -20 && x < width + 20 && y < height + 20;
    const showsNames = zoom > 9.6 && zoom < 14 && width > 480;
    for (const { label, at } of this.districts) {
      const { x, y } = this.map.project(at);
      label.hidden = !showsNames || !isInside(x, y);
      if (!label.hidden) label.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
    this.placeNumbers(zoom, isInside);
  }

  private placeNumbers(zoom: number, isInside: (x: number, y: number) => boolean): void {
    const shown = new Map<string, { x: number; y: number; words: string }>();
    if (zoom >= kNumbersFromZoom && this.counts) {
      const bounds = this.map.getBounds();
      for (const point of this.points) {
        if (!bounds.contains([point.lon, point.lat])) continue;
        const words = this.counts(point.id);
        const { x, y } = this.map.project([point.lon, point.lat]);
        const below = y + radiusAt(zoom) * point.size + 9; // so that its colour stays in sight
        if (words !== null && isInside(x, y)) shown.set(point.id, { x, y: below, words });
        if (shown.size > kNumbersAtMost) break;
      }
      if (shown.size > kNumbersAtMost) shown.clear();
    }
    for (const [id, badge] of this.badges) {
      if (shown.has(id)) continue;
      badge.remove();
      this.badges.delete(id);
    }
    for (const [id, { x, y, words }] of shown) {
      let badge = this.badges.get(id);
      if (!badge) {
        badge = document.createElement('div');
        badge.className = 'count-label';
        this.options.overlay.append(badge);
        this.badges.set(id, badge);
      }
      if (badge.textContent !== words) badge.textContent = words;
      badge.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
  }
}
