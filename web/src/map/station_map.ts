// The map itself: what lies below, the stations on it (station_layer.ts), and the names over both. These are HTML, because
// fonts of the map would have to come from a server.
//
// Loaded by load.ts.

import maplibre, { type GeoJSONSourceSpecification, type Map as GlMap, type StyleSpecification } from 'maplibre-gl';

import type { Tiles } from '../api/types.ts';
import { Pace } from '../live/pace.ts';
import type { LiveStation } from '../live/station.ts';
import type { Theme } from '../preferences.ts';
import type { Paint } from './classes.ts';
import { type Districts, labelPoint } from './districts.ts';
import { boundsOf, isSamePoint, type Point, pointsOf } from './points.ts';
import { type Failure, radiusAt, StationLayer } from './station_layer.ts';

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
  onFailure(what: Failure): void; // of the stations; where the map itself cannot be drawn the constructor throws
}

const kColours = {
  light: { ground: '#e9edf0', land: '#f8f9f9', border: '#b4bec8', ring: '#10151a' },
  dark: { ground: '#10151a', land: '#181f26', border: '#3d4a56', ring: '#ffffff' },
} as const;

const kNumbersFromZoom = 14.2;
const kNumbersAtMost = 90;
const kFlightMs = 700;
// Colours may wait for a moment: where there is no GPU, painting them takes a part of the processor from the page.
const kRest = 4; // times as long as that took
const kFit = { padding: 36, maxZoom: 15 };

// Its worker starts while the first answers are on their way.
maplibre.prewarm();

export class StationMap {
  private readonly map: GlMap;
  private readonly layer: StationLayer;
  private readonly options: MapOptions;
  private points: Point[] = [];
  private readonly numbers = new Map<string, number>(); // id -> index in points
  private wanted: ((id: string) => number) | null = null;
  private counts: ((id: string) => string | null) | null = null;
  private districts: { label: HTMLElement; at: [number, number]; name: string; nameEn: string }[] = [];
  private readonly badges = new Map<string, HTMLElement>();
  private selected: string | null = null;
  private isStale = false; // and will be drawn soon
  private readonly pace = new Pace(() => (this.isStale ? this.draw() : undefined), { rest: kRest });
  private size = { width: 0, height: 0 };
  private isReady = false;
  private hasFitted = false;
  private showsAll = true; // and nobody chose another part
  private waiting: (() => void)[] = [];
  private theme: Theme;

  constructor(options: MapOptions) {
    this.options = options;
    this.theme = options.theme;
    const points = pointsOf(options.stations);
    const bounds = boundsOf(points);
    this.hasFitted = bounds !== null;
    this.map = new maplibre.Map({
      container: options.container,
      style: this.style(),
      ...(bounds ? { bounds, fitBoundsOptions: kFit } : { center: [126.99, 37.555], zoom: 10 }),
      minZoom: 2,
      renderWorldCopies: false, // a station is drawn once
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
    try {
      this.layer = new StationLayer(this.map.getCanvasContainer(), options.onFailure);
    } catch (error) {
      this.map.remove();
      throw error;
    }
    this.measure();
    this.take(points);
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on('style.load', () => {
      this.isReady = true;
      for (const run of this.waiting.splice(0)) run();
    });
    this.map.on('webglcontextlost', () => (this.isReady = false)); // until its style is there again
    this.map.on('render', () => void this.draw()); // in the same frame as what lies below
    this.map.on('move', () => this.placeLabels());
    // The page around it may still be finding its places.
    this.map.on('resize', () => {
      this.measure();
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
    this.pace.stop();
    this.layer.remove();
    this.map.remove();
    this.options.overlay.replaceChildren();
  }

  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    this.showSelected();
    this.whenReady(() => {
      const colours = kColours[this.theme];
      this.map.setPaintProperty('ground', 'background-color', colours.ground);
      if (this.map.getLayer('districts')) {
        this.map.setPaintProperty('districts', 'fill-color', colours.land);
        this.map.setPaintProperty('borders', 'line-color', colours.border);
      }
    });
  }

  setPaints(paints: readonly Paint[]): void {
    if (this.layer.setPaints(paints)) this.drawSoon();
  }

  // Stations that came, went, moved or have other racks. Returns how many have a position.
  setStations(stations: readonly LiveStation[]): number {
    const points = pointsOf(stations);
    const isSame = points.length === this.points.length && points.every((point, n) => isSamePoint(point, this.points[n]));
    if (isSame) return points.length;
    this.take(points);
    if (!this.hasFitted && points.length > 0) {
      this.hasFitted = true;
      this.fit(false);
      this.goToSelected(false);
    }
    return points.length;
  }

  // Nothing is drawn where none has changed.
  setClasses(classOf: (id: string) => number): void {
    this.wanted = classOf;
    let hasChanged = false;
    this.points.forEach((point, index) => {
      if (this.layer.setClass(index, classOf(point.id))) hasChanged = true;
    });
    if (hasChanged) this.drawSoon();
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
      this.map.addSource('districts', { type: 'geojson', data: districts as GeoJSONSourceSpecification['data'] });
      this.map.addLayer({
        id: 'districts',
        type: 'fill',
        source: 'districts',
        paint: { 'fill-color': colours.land, 'fill-antialias': false }, // the borders cover its edge
      });
      this.map.addLayer({
        id: 'borders',
        type: 'line',
        source: 'districts',
        paint: { 'line-color': colours.border, 'line-width': 1.2 },
      });
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
    this.showSelected();
    this.goToSelected(this.isReady && !this.options.isStill); // whoever comes by a link is there at once
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
    this.layer.setPoints(points);
    if (this.wanted) this.setClasses(this.wanted);
    this.showSelected();
  }

  private draw(): Promise<void> {
    this.isStale = false;
    const { lng, lat } = this.map.getCenter();
    const { x, y } = maplibre.MercatorCoordinate.fromLngLat({ lng, lat });
    const { width, height } = this.size;
    return this.layer.draw({ x, y, zoom: this.map.getZoom(), width, height, density: this.map.getPixelRatio() });
  }

  // After the figures beside it have been painted: the frame that shows them has the processor to itself.
  private drawSoon(): void {
    if (this.isStale) return;
    this.isStale = true;
    requestAnimationFrame(() => this.pace.want(0));
  }

  // Not each time that it is drawn, as asking makes the page's layout anew.
  private measure(): void {
    const { clientWidth: width, clientHeight: height } = this.options.container;
    this.size = { width, height };
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
      sources: {},
      layers: [{ id: 'ground', type: 'background', paint: { 'background-color': colours.ground } }],
    };
    if (tiles) {
      style.sources['tiles'] = { type: 'raster', tiles: [tiles.url], tileSize: 256 };
      style.layers.push({ id: 'tiles', type: 'raster', source: 'tiles' });
    }
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
    this.layer.select(index, kColours[this.theme].ring);
    this.drawSoon();
  }

  // The nearest station within a finger's or a pointer's reach.
  private at({ x, y }: { x: number; y: number }): string | null {
    const reach = matchMedia('(pointer: coarse)').matches ? 14 : 5;
    return this.points[this.layer.nearest(x, y, reach)]?.id ?? null;
  }

  private placeLabels(): void {
    const zoom = this.map.getZoom();
    const { width, height } = this.size;
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
