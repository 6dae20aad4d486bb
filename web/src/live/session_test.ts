import { effect } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Client } from '../api/client.ts';
import { sampleStation } from './sample.ts';
import { isSameSystem, Session } from './session.ts';

const kInfo = { id: 'seoul', name: 'Seoul', timezone: 'Asia/Seoul', stations: 1, stale_after_s: 600, window_s: 3600, slide_s: 3600 };
const kSnapshot = { now: '2024-08-11T13:30:10Z', stations: [sampleStation()] };

describe('a system', () => {
  it('is another one once its zone or its windows are, and not when a station comes', () => {
    const changes = [{ stations: 2 }, { timezone: 'UTC' }, { window_s: 900 }, { slide_s: 900 }, { stale_after_s: 60 }, { id: 'x' }];
    expect(changes.map((change) => isSameSystem(kInfo, { ...kInfo, ...change }))).toEqual([true, ...Array(5).fill(false)]);
    expect([isSameSystem(null, null), isSameSystem(kInfo, null), isSameSystem(null, kInfo)]).toEqual([true, false, false]);
  });
});

// A session that has heard its snapshot, and what says more to it.
async function opened(): Promise<{ session: Session; say: (event: string, data: unknown) => void }> {
  let tell = (_: Uint8Array): void => undefined;
  const body = new ReadableStream({ start: (to) => void (tell = (bytes) => to.enqueue(bytes)) });
  vi.stubGlobal('fetch', (url: string) =>
    Promise.resolve(new Response(url.endsWith('/events') ? body : '{"movements":[]}')),
  );
  const say = (event: string, data: unknown) =>
    tell(new TextEncoder().encode(`event: ${event}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`));
  const session = new Session(new Client('http://x/api/v1/', null), kInfo, () => undefined);
  session.start();
  await vi.advanceTimersByTimeAsync(0);
  say('snapshot', kSnapshot);
  await vi.advanceTimersByTimeAsync(500);
  return { session, say };
}

describe('a session', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { addEventListener: () => undefined, removeEventListener: () => undefined });
    vi.stubGlobal('addEventListener', () => undefined);
    vi.stubGlobal('removeEventListener', () => undefined);
    vi.stubGlobal('requestAnimationFrame', (run: () => void) => setTimeout(run, 16));
    vi.stubGlobal('fetch', (url: string) =>
      Promise.resolve(
        url.endsWith('/events')
          ? new Response(`event: snapshot\nid: 1\ndata: ${JSON.stringify(kSnapshot)}\n\n`)
          : new Response('{"movements":[]}'),
      ),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('says that a snapshot came when its stations are there, and not before', async () => {
    const session = new Session(new Client('http://x/api/v1/', null), kInfo, () => undefined);
    const seen: unknown[] = [];
    const stop = effect(() => {
      seen.push([session.snapshots.value, session.stations.value.length, session.counted.value?.known ?? null]);
    });
    session.start();
    await vi.advanceTimersByTimeAsync(500);
    expect(seen).toEqual([
      [0, 0, null],
      [1, 1, 1],
    ]);
    session.stop();
    stop();
  });

  it('tells what moved and the one station first, and all else in a frame of its own', async () => {
    const { session, say } = await opened();
    const seen: string[] = [];
    const stops = [
      effect(() => void seen.push(`moved ${session.movements.value.length}`)),
      effect(() => {
        void session.heard.value;
        seen.push(`heard ${session.station('ST-4')?.bikes}`);
      }),
      effect(() => void seen.push(`all ${session.stations.value[0]?.bikes}`)),
    ];
    expect(seen.splice(0)).toEqual(['moved 0', 'heard 5', 'all 5']);
    const at = '2024-08-11T13:30:20Z';
    const moved = { movements: [{ id: 'ST-4', at, change: -1, bikes: 4 }] };
    const stations = { now: at, stations: [sampleStation({ bikes: 4, observed_at: at })] };
    say('movements', moved);
    say('stations', stations);
    await vi.advanceTimersByTimeAsync(16);
    expect(seen.splice(0).sort()).toEqual(['heard 4', 'moved 1']);
    expect(session.standingOf(session.station('ST-4')!)).toEqual({ isKnown: true, fill: 'some', bikes: 4 });
    await vi.advanceTimersByTimeAsync(5); // well before it would come by itself
    expect(seen.splice(0)).toContain('all 4');
    session.stop();
    for (const stop of stops) stop();
  });

  it('tells all also where no frame comes', async () => {
    const { session, say } = await opened();
    vi.stubGlobal('requestAnimationFrame', () => 0); // as behind another tab
    say('stations', { now: kSnapshot.now, stations: [sampleStation({ bikes: 9 })] });
    await vi.advanceTimersByTimeAsync(2000);
    expect(session.stations.value[0]?.bikes).toBe(9);
    session.stop();
  });
});
