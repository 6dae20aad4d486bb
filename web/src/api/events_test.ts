import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { LiveEvent } from './types.ts';
import { ApiError, Client, utc } from './client.ts';
import { backoffMs, EventStream, kSilenceMs } from './events.ts';

// A stream of which the test says what comes when.
function fakeServer() {
  const requests: { headers: Headers; url: string }[] = [];
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let status = 200;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    requests.push({ url, headers: new Headers(init.headers) });
    if (status !== 200) {
      return Promise.resolve(new Response(JSON.stringify({ error: 'no' }), { status }));
    }
    const body = new ReadableStream<Uint8Array>({
      start: (of) => {
        controller = of;
        init.signal?.addEventListener('abort', () => of.error(new DOMException('aborted', 'AbortError')));
      },
    });
    return Promise.resolve(new Response(body, { status }));
  });
  return {
    requests,
    say: async (text: string) => {
      controller!.enqueue(new TextEncoder().encode(text));
      await vi.advanceTimersByTimeAsync(0);
    },
    sayBytes: async (bytes: Uint8Array) => {
      controller!.enqueue(bytes);
      await vi.advanceTimersByTimeAsync(0);
    },
    end: async () => {
      controller!.close();
      await vi.advanceTimersByTimeAsync(0);
    },
    refuse: (of: number) => {
      status = of;
    },
  };
}

const kState = 'event: state\nid: x-7\ndata: {"now":"2024-08-11T13:30:00Z"}\n\n';

describe('the event stream', () => {
  const events: LiveEvent[] = [];
  const closed: { error: ApiError; retryAt: number | null }[] = [];
  let stream: EventStream;
  let server: ReturnType<typeof fakeServer>;

  beforeEach(async () => {
    vi.useFakeTimers();
    events.length = 0;
    closed.length = 0;
    server = fakeServer();
    stream = new EventStream(new Client('http://x/api/v1/', null), 'seoul', {
      onEvent: (event) => events.push(event),
      onOpen: () => undefined,
      onClosed: (error, retryAt) => closed.push({ error, retryAt }),
    });
    stream.start();
    await vi.advanceTimersByTimeAsync(0);
  });
  afterEach(() => {
    stream.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is read in whatever pieces it comes, letters cut in half included', async () => {
    const bytes = new TextEncoder().encode('event: movements\nid: 1\ndata: {"movements":["망원역"]}\n\n');
    for (const byte of bytes) await server.sayBytes(Uint8Array.of(byte));
    expect(events).toEqual([{ name: 'movements', data: { movements: ['망원역'] } }]);
  });
  it('leaves out what it does not know', async () => {
    await server.say('event: weather\ndata: {}\n\n: a comment\n\n');
    expect(events).toEqual([]);
  });
  it('resumes after the last event', async () => {
    await server.say(kState);
    await server.end();
    expect(closed).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]!.headers.get('Last-Event-ID')).toBeNull();
    expect(server.requests[1]!.headers.get('Last-Event-ID')).toBe('x-7');
  });
  it('takes silence for the end, and tries again', async () => {
    await server.say(kState);
    await vi.advanceTimersByTimeAsync(kSilenceMs - 1);
    expect(closed).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(closed[0]?.error.message).toMatch(/nothing heard/);
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.requests).toHaveLength(2);
  });
  it('waits longer after each failure, and no longer than half a minute', async () => {
    server.refuse(503);
    await server.end();
    await vi.advanceTimersByTimeAsync(600_000);
    // 0.75-1, 1.5-2, 3-4, 6-8, 12-16, then 22.5-30 s each
    expect(server.requests.length).toBeGreaterThanOrEqual(24);
    expect(server.requests.length).toBeLessThanOrEqual(34);
  });
  it('does not try again where the server refuses', async () => {
    server.refuse(401);
    await server.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closed.at(-1)).toMatchObject({ retryAt: null, error: { status: 401 } });
    expect(server.requests).toHaveLength(2);
  });
  it('takes a system that it has heard of, and that is not there now, for one that comes back', async () => {
    server.refuse(404);
    await server.say(kState);
    await server.end();
    await vi.advanceTimersByTimeAsync(2000);
    expect(closed.at(-1)).toMatchObject({ error: { status: 404 } });
    expect(closed.at(-1)!.retryAt).not.toBeNull();
    server.refuse(200);
    await vi.advanceTimersByTimeAsync(3000);
    await server.say(kState);
    expect(events).toHaveLength(2);
  });
  it('gives up a system of which it never heard', async () => {
    server.refuse(404);
    await server.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closed.at(-1)).toMatchObject({ retryAt: null, error: { status: 404 } });
  });
  it('tries at once when asked to', async () => {
    await server.end();
    stream.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.requests).toHaveLength(2);
    stream.retryNow(); // it is open: nothing to do
    await vi.advanceTimersByTimeAsync(0);
    expect(server.requests).toHaveLength(2);
  });
  it('survives an event that is no JSON', async () => {
    await server.say('event: state\ndata: {"now"\n\n');
    expect(closed).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    await server.say(kState);
    expect(events).toHaveLength(1);
  });
});

describe('backoff', () => {
  it('doubles from a second to half a minute', () => {
    expect(backoffMs(1, 1)).toBe(1000);
    expect(backoffMs(2, 1)).toBe(2000);
    expect(backoffMs(5, 1)).toBe(16_000);
    expect(backoffMs(6, 1)).toBe(30_000);
    expect(backoffMs(10_000, 1)).toBe(30_000);
    expect(backoffMs(1, 0)).toBe(750);
  });
});

describe('the client', () => {
  afterEach(() => vi.unstubAllGlobals());
  it('sends the token, and tells what the server said', async () => {
    const asked: Headers[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      asked.push(new Headers(init.headers));
      return Promise.resolve(new Response(JSON.stringify({ error: 'no system; see /about' }), { status: 404 }));
    });
    const client = new Client('http://x/', null);
    client.setToken('secret');
    await expect(client.about()).rejects.toMatchObject({ status: 404, message: 'no system; see /about' });
    expect(asked[0]!.get('Authorization')).toBe('Bearer secret');
  });
  it('calls an answer that is cut off an error', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"version":', { status: 200 })));
    await expect(new Client('http://x/', null).about()).rejects.toBeInstanceOf(ApiError);
  });
  it('writes times as the API reads them', () => {
    expect(utc(Date.parse('2024-08-11T13:30:00.900Z'))).toBe('2024-08-11T13:30:00Z');
  });
});
