// A stand-in for the server: the API over a made-up city, and the built page with the policy for content that the
// program sends. For development (npm run standin, then npm run dev) and for tests of the page; it is no part
// of the build.

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';

import type { About, LiveEvent, Movement, SystemState, Tiles } from '../src/api/types.ts';
import { City } from './city.ts';

// As the program has it (test/server_test.ts).
export function policyOf(tiles: Tiles | null): string {
  const also = tiles ? ` ${new URL(tiles.url).origin}` : '';
  return (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
    `img-src 'self' data: blob:${also}; connect-src 'self'${also}; worker-src 'self' blob:; ` +
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  );
}

const kTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StandinOptions {
  csv: string | null;
  page?: string; // the folder of the built page
  start?: number;
  speed?: number;
  token?: string;
  systems?: number;
  windowMs?: number;
  slideMs?: number;
  stations?: number;
  hasNoLake?: boolean;
  isDemo?: boolean; // has no feed
  tiles?: Tiles;
}

interface Client {
  response: ServerResponse;
}

export class Standin {
  readonly city: City;
  isSilent = false; // streams stay open and say nothing
  isDown = false; // no answer but 503
  version = '0.1.0';
  systems: number;
  requests: string[] = [];
  private readonly options: StandinOptions;
  private readonly server: Server;
  private readonly clients = new Set<Client>();
  private readonly movements: Movement[] = [];
  private readonly life = Math.random().toString(36).slice(2, 8);
  private sent: { id: number; event: LiveEvent }[] = [];
  private lastId = 0;
  private timers: ReturnType<typeof setInterval>[] = [];
  private beatAt = Date.now();

  constructor(options: StandinOptions) {
    this.options = options;
    this.systems = options.systems ?? 1;
    this.city = new City({
      csv: options.csv,
      start: options.start ?? Date.now(),
      ...(options.stations === undefined ? {} : { stations: options.stations }),
      ...(options.windowMs === undefined ? {} : { windowMs: options.windowMs }),
      ...(options.slideMs === undefined ? {} : { slideMs: options.slideMs }),
    });
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    const speed = this.options.speed ?? 1;
    const beatMs = Math.max(1000, 30_000 / speed);
    this.timers = [
      setInterval(() => this.beat(Math.max(1, Math.round((speed * beatMs) / 30_000))), beatMs),
      setInterval(() => this.send({ name: 'state', data: this.state() }), 4000),
    ];
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.dropStreams();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  dropStreams(): void {
    for (const { response } of this.clients) response.destroy();
    this.clients.clear();
  }

  beat(polls: number): void {
    const changed = new Map<string, (typeof this.city.stations)[number]>();
    let seen: string[] = [];
    for (let n = 0; n < polls; ++n) {
      const step = this.city.step();
      seen = step.seen;
      for (const id of changed.keys()) changed.set(id, this.city.station(id));
      for (const station of step.changed) changed.set(station.id, station);
      this.movements.push(...step.movements);
    }
    this.movements.splice(0, Math.max(0, this.movements.length - 200));
    this.beatAt = Date.now();
    const at = new Date(this.city.now - 30_000 * polls).toISOString();
    const now = new Date(this.city.now).toISOString();
    const recent = this.movements.filter((movement) => movement.at > at);
    if (recent.length > 0) this.send({ name: 'movements', data: { movements: recent } });
    this.send({ name: 'seen', data: { now, seen: [{ at: now, ids: seen.filter((id) => !changed.has(id)) }] } });
    this.send({ name: 'stations', data: { now, stations: [...changed.values()] } });
    this.send({ name: 'state', data: this.state() });
  }

  // One station alone.
  change(id: string, bikes: number): void {
    this.city.set(id, bikes);
    const now = new Date(this.city.now).toISOString();
    this.send({ name: 'stations', data: { now, stations: [this.city.station(id)] } });
  }

  private send(event: LiveEvent): void {
    const id = ++this.lastId;
    this.sent.push({ id, event });
    this.sent = this.sent.slice(-300);
    if (this.isSilent) return;
    for (const { response } of this.clients) this.write(response, id, event);
  }

  private write(response: ServerResponse, id: number, event: LiveEvent): void {
    response.write(`id: ${this.life}-${id}\nevent: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`);
  }

  private state(): SystemState {
    const speed = this.options.speed ?? 1;
    const now = this.city.now + Math.min(30_000, (Date.now() - this.beatAt) * speed);
    const state = this.city.state(speed);
    return { ...state, now: new Date(now).toISOString(), feed: this.options.isDemo ? null : state.feed };
  }

  private about(): About {
    const names = ['따릉이', 'Bay Wheels', 'Oslo Bysykkel', 'Ecobici', 'Citi Bike', 'Divvy', 'Vélib’', 'Santander Cycles', 'BiciMAD', 'Nextbike'];
    const zones = ['Asia/Seoul', 'America/Los_Angeles', 'Europe/Oslo', 'America/Mexico_City', 'America/New_York'];
    return {
      version: this.version,
      now: this.state().now,
      is_demo: this.options.isDemo ?? false,
      tiles: this.options.tiles ?? null,
      systems: Array.from({ length: this.systems }, (_, index) => ({
        id: index === 0 ? 'seoul' : `system-${index}`,
        name: names[index % names.length]!,
        timezone: zones[index % zones.length]!,
        stations: this.city.stations.length,
        stale_after_s: 600,
        window_s: (this.options.windowMs ?? 3_600_000) / 1000,
        slide_s: (this.options.slideMs ?? this.options.windowMs ?? 3_600_000) / 1000,
      })),
    };
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    this.requests.push(url.pathname + url.search);
    if (!url.pathname.startsWith('/api/')) return this.file(url.pathname, response);
    if (this.isDown) return fail(response, 503, 'starting; try again');
    const { token } = this.options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return fail(response, 401, 'a token is needed: send Authorization: Bearer TOKEN');
    }
    const path = url.pathname.replace('/api/v1/', '');
    if (path === 'about') return json(response, this.about());
    const [, system, rest] = /^systems\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (!system || !this.about().systems.some((of) => of.id === system)) {
      return fail(response, 404, `no system '${system}'`);
    }
    const from = Date.parse(url.searchParams.get('from') ?? '');
    const to = Date.parse(url.searchParams.get('to') ?? '');
    const { hasNoLake } = this.options;
    switch (rest) {
      case 'stations':
        return json(response, { system, now: this.state().now, version: '1', stations: this.city.stations });
      case 'outlook':
        return json(response, this.city.outlook());
      case 'state':
        return json(response, this.state());
      case 'movements':
        return json(response, { movements: this.movements });
      case 'hours':
        return json(response, { system, hours: hasNoLake ? [] : this.city.hours(from, to, url.searchParams.get('station')) });
      case 'hour-columns':
        return json(response, { system, ...(hasNoLake ? { stations: [], hours: [] } : this.city.hourColumns(from, to)) });
      case 'totals':
        return json(response, { system, hours: hasNoLake ? [] : this.city.totals(from, to) });
      case 'events':
        return this.stream(request, response);
    }
    const [, id, part] = /^stations\/([^/]+)(\/bikes)?$/.exec(rest ?? '') ?? [];
    const index = this.city.stations.findIndex((station) => station.id === decodeURIComponent(id ?? ''));
    if (index < 0) return fail(response, 404, `nothing here: ${path}`);
    return json(response, part ? this.city.bikes(index) : this.city.stations[index]);
  }

  private stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.flushHeaders();
    const client = { response };
    this.clients.add(client);
    response.on('close', () => this.clients.delete(client));
    if (this.isSilent) return;
    const [life, after] = String(request.headers['last-event-id'] ?? '').split('-');
    const first = this.sent[0]?.id ?? Infinity;
    if (life === this.life && Number(after) >= first - 1) {
      for (const { id, event } of this.sent) if (id > Number(after)) this.write(response, id, event);
    } else {
      this.write(response, this.lastId, {
        name: 'snapshot',
        data: { now: this.state().now, stations: this.city.stations },
      });
    }
    this.write(response, this.lastId, { name: 'state', data: this.state() });
  }

  private file(path: string, response: ServerResponse): void {
    const page = this.options.page;
    const name = normalize(path === '/' ? '/index.html' : path);
    const file = page ? join(page, name) : '';
    if (!page || name.includes('..') || !existsSync(file)) return fail(response, 404, 'no such file');
    response.writeHead(200, {
      'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': policyOf(this.options.tiles ?? null),
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(readFileSync(file));
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error }));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '5174' },
      csv: { type: 'string' }, // Seoul's stations: number,name,district,longitude,latitude
      page: { type: 'string', default: 'dist' },
      speed: { type: 'string', default: '15' },
      token: { type: 'string' },
      systems: { type: 'string', default: '1' },
    },
  });
  const standin = new Standin({
    csv: values.csv ?? null,
    page: values.page,
    speed: Number(values.speed),
    systems: Number(values.systems),
    ...(values.token === undefined ? {} : { token: values.token }),
  });
  console.log(await standin.start(Number(values.port)));
}
