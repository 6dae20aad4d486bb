// GET requests of the API, with the token where one is needed. The base is relative to the page, so that
// it works behind a proxy that serves bikeflow under a path.

import type {
  About,
  BikesAnswer,
  HourColumnsAnswer,
  HourRow,
  MovementsAnswer,
  Outlook,
  TotalsRow,
} from './types.ts';

// An answer that is no success; status 0: none came at all.
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const kTokenKey = 'bikeflow-token';

export class Client {
  private token: string | null;
  private readonly base: string;
  private readonly storage: Storage | null;

  constructor(base: string, storage: Storage | null) {
    this.base = base;
    this.storage = storage;
    this.token = storage?.getItem(kTokenKey) ?? null;
  }

  get hasToken(): boolean {
    return this.token !== null;
  }

  setToken(token: string | null): void {
    this.token = token;
    if (token === null) this.storage?.removeItem(kTokenKey);
    else this.storage?.setItem(kTokenKey, token);
  }

  // The answer itself, for the event stream; throws ApiError for anything but a success.
  async open(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set('Authorization', `Bearer ${this.token}`);
    let response: Response;
    try {
      response = await fetch(this.base + path, { ...init, headers, cache: 'no-store' });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiError(0, error instanceof Error ? error.message : String(error));
    }
    if (response.ok) return response;
    let text = `HTTP ${response.status}`;
    try {
      const body = (await response.json()) as { error?: unknown };
      if (typeof body.error === 'string') text = body.error;
    } catch {
      // No JSON: the status alone has to do.
    }
    throw new ApiError(response.status, text);
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.open(path, signal ? { signal } : {});
    try {
      return (await response.json()) as T;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'the answer is not whole');
    }
  }

  urlOf(path: string): string {
    return this.base + path;
  }

  about(signal?: AbortSignal): Promise<About> {
    return this.get<About>('about', signal);
  }

  movements(system: string, signal?: AbortSignal): Promise<MovementsAnswer> {
    return this.get(`systems/${encodeURIComponent(system)}/movements`, signal);
  }

  outlook(system: string, signal?: AbortSignal): Promise<Outlook> {
    return this.get(`systems/${encodeURIComponent(system)}/outlook`, signal);
  }

  bikes(system: string, station: string, signal?: AbortSignal): Promise<BikesAnswer> {
    return this.get(
      `systems/${encodeURIComponent(system)}/stations/${encodeURIComponent(station)}/bikes`,
      signal,
    );
  }

  async hours(
    system: string,
    from: number,
    to: number,
    station: string,
    signal?: AbortSignal,
  ): Promise<HourRow[]> {
    const of = encodeURIComponent(station);
    const answer = await this.get<{ hours: HourRow[] }>(
      `systems/${encodeURIComponent(system)}/hours?from=${utc(from)}&to=${utc(to)}&station=${of}`,
      signal,
    );
    return answer.hours;
  }

  // Of all stations; at most 25 hours.
  hourColumns(system: string, from: number, to: number, signal?: AbortSignal): Promise<HourColumnsAnswer> {
    return this.get(`systems/${encodeURIComponent(system)}/hour-columns?from=${utc(from)}&to=${utc(to)}`, signal);
  }

  async totals(system: string, from: number, to: number, signal?: AbortSignal): Promise<TotalsRow[]> {
    const answer = await this.get<{ hours: TotalsRow[] }>(
      `systems/${encodeURIComponent(system)}/totals?from=${utc(from)}&to=${utc(to)}`,
      signal,
    );
    return answer.hours;
  }
}

// Whole seconds, as the API writes them.
export function utc(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
