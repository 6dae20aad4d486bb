// One system on the screen: its events, what they add up to, and what of it may be shown as the present.

import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';

import type { ApiError, Client } from '../api/client.ts';
import { EventStream, kSilenceMs } from '../api/events.ts';
import type { LiveEvent, Movement, SystemInfo, SystemState } from '../api/types.ts';
import { ServerClock } from './clock.ts';
import { LiveModel } from './model.ts';
import { Pace } from './pace.ts';
import { type Counted, countOf, isSameStanding, type Standing, standingOf } from './standing.ts';
import type { LiveStation } from './station.ts';

// connecting: nothing heard yet; live: heard lately; lost: silence for 15 s, or nothing ever came; stopped: the
// server refuses, and trying again would not help.
export type Phase = 'connecting' | 'live' | 'lost' | 'stopped';

export interface Link {
  phase: Phase;
  heardAt: number | null; // by the local clock
  retryAt: number | null; // by the local clock; null while a try is under way
  isOpen: boolean;
  error: ApiError | null;
}

const kClean = { stations: false, positions: false, state: false, movements: false, snapshot: false };

// Of a step the stations come last; what comes before them is shown with them, or after this time.
const kStepMs = 250;

// The rows of what moved, and the page of one station, are little: they are painted first, each time that something is
// heard. All else that depends on every station follows them in a frame of its own, and rests longer after it.
const kAllRest = 4;
const kAllWithinMs = 100; // where the frame of the rows is long in coming

// Whether what a session goes by is the same in both; how many stations there are it hears by itself.
export function isSameSystem(a: SystemInfo | null, b: SystemInfo | null): boolean {
  const of = (info: SystemInfo | null) => JSON.stringify(info && { ...info, stations: 0 });
  return of(a) === of(b);
}

export class Session {
  readonly info: SystemInfo;
  readonly zone: string;
  readonly windowMs: number; // of what is called an hour: windows may be shorter
  readonly slideMs: number;
  readonly stations: Signal<readonly LiveStation[]> = signal([]);
  readonly heard: Signal<number> = signal(0); // counts up when station() may give another one
  readonly positions: Signal<number> = signal(0); // counts up when the map's points have to be made anew
  readonly state: Signal<SystemState | null> = signal(null);
  readonly movements: Signal<readonly Movement[]> = signal([]);
  readonly link: Signal<Link>;
  readonly now: Signal<number | null> = signal(null); // the server's time by which ages are told
  readonly clock: Signal<number | null> = signal(null); // the server's time, running
  readonly snapshots: Signal<number> = signal(0);
  readonly isConnected: ReadonlySignal<boolean>;
  readonly standings: ReadonlySignal<ReadonlyMap<string, Standing>>;
  readonly counted: ReadonlySignal<Counted | null>;

  private readonly client: Client;
  private readonly model = new LiveModel();
  private readonly server = new ServerClock();
  private readonly stream: EventStream;
  private readonly onOpened: () => void;
  private ticker: ReturnType<typeof setInterval> | undefined;
  private readonly rows = new Pace(() => this.publishRows(), { isQuick: true, drawn: () => this.follow() });
  private readonly all = new Pace(() => this.publish(), { rest: kAllRest });
  private judged: ReadonlyMap<string, Standing> = new Map();
  private dirty = kClean;

  constructor(client: Client, info: SystemInfo, onOpened: () => void) {
    this.client = client;
    this.info = info;
    this.zone = info.timezone;
    this.windowMs = info.window_s * 1000;
    this.slideMs = info.slide_s * 1000;
    this.onOpened = onOpened;
    this.link = signal<Link>({ phase: 'connecting', heardAt: null, retryAt: null, isOpen: false, error: null });
    this.isConnected = computed(() => this.link.value.phase === 'live');
    this.standings = computed(() => this.judge());
    this.counted = computed(() => this.count());
    this.stream = new EventStream(client, info.id, {
      onEvent: (event) => this.take(event),
      onOpen: () => this.opened(),
      onClosed: (error, retryAt) => this.closed(error, retryAt),
    });
  }

  start(): void {
    this.stream.start();
    this.ticker = setInterval(this.tick, 1000);
    document.addEventListener('visibilitychange', this.wake);
    addEventListener('online', this.wake);
  }

  stop(): void {
    this.stream.stop();
    clearInterval(this.ticker);
    this.rows.stop();
    this.all.stop();
    document.removeEventListener('visibilitychange', this.wake);
    removeEventListener('online', this.wake);
  }

  station(id: string): LiveStation | undefined {
    return this.model.stations.get(id);
  }

  // Of one as it is now; `standings` is of all of them, as they are in `stations`.
  standingOf(station: LiveStation): Standing {
    return standingOf(station, this.now.value ?? 0, this.info.stale_after_s * 1000, this.isConnected.value);
  }

  retryNow(): void {
    this.stream.retryNow();
  }

  private readonly wake = (): void => {
    if (document.visibilityState !== 'visible') return;
    this.tick();
    if (!this.link.value.isOpen) this.stream.retryNow();
  };

  private take(event: LiveEvent): void {
    const local = Date.now();
    const change = this.model.apply(event);
    if (this.model.now !== null && event.name !== 'movements') {
      this.server.heard(this.model.now, local, event.name === 'state' ? event.data.speed : undefined);
    }
    this.dirty = {
      stations: this.dirty.stations || change.stations,
      positions: this.dirty.positions || change.positions,
      state: this.dirty.state || change.state,
      movements: this.dirty.movements || change.movements,
      snapshot: this.dirty.snapshot || change.isSnapshot,
    };
    this.link.value = { phase: 'live', heardAt: local, retryAt: null, isOpen: true, error: null };
    if (change.isSnapshot) void this.fetchMovements();
    const withinMs = event.name === 'movements' || event.name === 'seen' ? kStepMs : 0;
    const hasRows = !change.isSnapshot && (change.stations || change.movements);
    if (hasRows) this.rows.want(withinMs);
    this.all.want(hasRows ? withinMs + kAllWithinMs : withinMs);
  }

  private publishRows(): void {
    batch(() => {
      if (this.dirty.movements) this.movements.value = this.model.movements;
      if (this.dirty.stations) this.heard.value += 1;
    });
    this.dirty = { ...this.dirty, movements: false };
  }

  private follow(): void {
    if (Object.values(this.dirty).includes(true)) this.all.want(0);
  }

  private publish(): void {
    batch(() => {
      if (this.dirty.stations) {
        this.stations.value = [...this.model.stations.values()];
        this.heard.value += 1;
      }
      if (this.dirty.positions) this.positions.value += 1;
      if (this.dirty.state) this.state.value = this.model.state;
      if (this.dirty.movements) this.movements.value = this.model.movements;
      // Not before its stations are there: who counts them would find none.
      if (this.dirty.snapshot) this.snapshots.value += 1;
      this.dirty = kClean;
      this.tick();
    });
  }

  private opened(): void {
    this.link.value = { ...this.link.value, isOpen: true, retryAt: null, error: null };
    this.onOpened();
  }

  private closed(error: ApiError, retryAt: number | null): void {
    this.link.value = {
      ...this.link.value,
      isOpen: false,
      retryAt,
      error,
      ...(retryAt === null ? { phase: 'stopped' as const } : {}),
    };
    this.tick();
  }

  private readonly tick = (): void => {
    const local = Date.now();
    batch(() => {
      const link = this.link.value;
      const isSilent = link.heardAt !== null && local - link.heardAt > kSilenceMs;
      const neverCame = link.heardAt === null && link.error !== null;
      if (link.phase !== 'stopped' && link.phase !== 'lost' && (isSilent || neverCame)) {
        this.link.value = { ...link, phase: 'lost' };
      }
      this.clock.value = this.server.now(local);
      // What is heard no more gets older all the time.
      this.now.value = this.isConnected.value ? this.server.judged(local) : this.clock.value;
    });
  };

  private async fetchMovements(): Promise<void> {
    try {
      const answer = await this.client.movements(this.info.id);
      if (!this.model.add(answer.movements)) return;
      this.dirty = { ...this.dirty, movements: true };
      this.rows.want(0);
    } catch {
      // The ticker fills by itself; the stream says when the server is gone.
    }
  }

  // Time goes on each second and seldom changes a standing: then all that follows from them stays as well.
  private judge(): ReadonlyMap<string, Standing> {
    const now = this.now.value ?? 0;
    const isConnected = this.isConnected.value;
    const staleAfter = this.info.stale_after_s * 1000;
    const before = this.judged;
    const standings = new Map<string, Standing>();
    let isSame = before.size === this.stations.value.length;
    for (const station of this.stations.value) {
      const standing = standingOf(station, now, staleAfter, isConnected);
      isSame &&= isSameStanding(standing, before.get(station.id));
      standings.set(station.id, standing);
    }
    if (!isSame) this.judged = standings;
    return this.judged;
  }

  private count(): Counted | null {
    if (this.snapshots.value === 0) return null;
    return countOf(this.standings.value.values());
  }
}
