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
});
