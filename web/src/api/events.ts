// Keeps the event stream of one system open: reads, resumes after the last event, waits longer after each
// failure, and takes a stream that is silent for too long for dead. Read by fetch and not by EventSource,
// because that cannot send a token.

import { createParser } from 'eventsource-parser';

import { ApiError, type Client } from './client.ts';
import type { LiveEvent } from './types.ts';

export const kSilenceMs = 15_000; // a state comes at least every 5 s
const kStopStatuses: ReadonlySet<number> = new Set([401, 403, 404]);
const kFirstWaitMs = 1_000;
const kLongestWaitMs = 30_000;

// How long to wait before the given attempt (1: the first after a failure); `random` in [0, 1) spreads many
// pages over time.
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(kLongestWaitMs, kFirstWaitMs * 2 ** Math.min(attempt - 1, 10));
  return whole * (0.75 + random / 4);
}

export interface StreamListener {
  onEvent(event: LiveEvent, id: string | null): void;
  onOpen(): void;
  // Tries again at `retryAt` (ms since 1970); null: it will not, by itself.
  onClosed(error: ApiError, retryAt: number | null): void;
}

const kNames = new Set(['snapshot', 'stations', 'seen', 'movements', 'state']);

export class EventStream {
  private readonly client: Client;
  private readonly path: string;
  private readonly listener: StreamListener;
  private lastId: string | null = null;
  private attempt = 0;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isStopped = false;
  private wasHeard = false;

  constructor(client: Client, system: string, listener: StreamListener) {
    this.client = client;
    this.path = `systems/${encodeURIComponent(system)}/events`;
    this.listener = listener;
  }

  start(): void {
    this.isStopped = false;
    void this.run();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  // Now, and not at the end of the wait: the machine woke up or is online again.
  retryNow(): void {
    if (this.isStopped || this.abort) return;
    clearTimeout(this.timer);
    void this.run();
  }

  private async run(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let failure: ApiError;
    try {
      failure = await this.read(abort);
    } catch (error) {
      failure =
        error instanceof ApiError
          ? error
          : new ApiError(0, error instanceof Error ? error.message : String(error));
    }
    this.abort = null;
    if (this.isStopped) return;
    // A server that has just been started may not know yet the system that it will have again.
    if (kStopStatuses.has(failure.status) && !(failure.status === 404 && this.wasHeard)) {
      this.listener.onClosed(failure, null);
      return;
    }
    this.attempt += 1;
    const wait = backoffMs(this.attempt, Math.random());
    this.timer = setTimeout(() => void this.run(), wait);
    this.listener.onClosed(failure, Date.now() + wait);
  }

  // Returns why the stream ended.
  private async read(abort: AbortController): Promise<ApiError> {
    let isSilent = false;
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => {
        isSilent = true;
        abort.abort();
      }, kSilenceMs);
    };
    try {
      heard();
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (this.lastId !== null) headers['Last-Event-ID'] = this.lastId;
      const response = await this.client.open(this.path, { headers, signal: abort.signal });
      if (!response.body) return new ApiError(0, 'no event stream');
      this.listener.onOpen();
      const parser = createParser({
        onEvent: (message) => {
          if (!message.event || !kNames.has(message.event)) return;
          const id = message.id ?? null;
          if (id !== null) this.lastId = id;
          this.attempt = 0;
          this.wasHeard = true;
          this.listener.onEvent(
            { name: message.event, data: JSON.parse(message.data) } as LiveEvent,
            id,
          );
        },
      });
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return new ApiError(0, 'the server ended the stream');
        heard();
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } catch (error) {
      if (isSilent) return new ApiError(0, `nothing heard for ${kSilenceMs / 1000} s`);
      throw error;
    } finally {
      clearTimeout(watchdog);
      // A stream left open by an error of ours would go on being read by nobody.
      abort.abort();
    }
  }
}
