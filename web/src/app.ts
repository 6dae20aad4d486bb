// The page's own state: which system is on the screen, what the address says, whether a token is needed.

import { effect, signal } from '@preact/signals';

import { ApiError, Client } from './api/client.ts';
import type { About } from './api/types.ts';
import { isSameSystem, Session } from './live/session.ts';
import { hashOf, type Page, parseRoute, type Route, systemOf } from './route.ts';
import { hasHours } from './text/text.ts';

function sessionStorageOrNone(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

export const client = new Client(new URL('api/v1/', document.baseURI).href, sessionStorageOrNone());
export const about = signal<About | null>(null);
export const problem = signal<ApiError | null>(null); // why there is no `about`
export const asksToken = signal<{ wasRefused: boolean } | null>(null);
export const session = signal<Session | null>(null);
export const route = signal<Route>(parseRoute(location.hash));
export const hasNewVersion = signal(false);

export function go(page: Page, item: string | null = null, params?: Record<string, string>): void {
  location.hash = hashOf(route.value.system, page, item, params);
}

// Filters, and what plays, change the address without a step back for each letter typed and each hour shown.
export function setParams(changed: Record<string, string | null>): void {
  const params = new URLSearchParams(route.value.params);
  for (const [key, value] of Object.entries(changed)) {
    if (value === null || value === '') params.delete(key);
    else params.set(key, value);
  }
  setAddress(route.value.item, params);
}

export function setItem(item: string): void {
  setAddress(item, route.value.params);
}

function setAddress(item: string | null, params: URLSearchParams): void {
  const hash = hashOf(route.value.system, route.value.page, item, params);
  history.replaceState(null, '', hash);
  route.value = parseRoute(hash);
}

let aboutTimer: ReturnType<typeof setTimeout> | undefined;
const kAboutSoonMs = 5_000; // while there is no system on the screen
const kAboutMs = 60_000;

// And again after a while: systems come and go.
export async function loadAbout(): Promise<void> {
  clearTimeout(aboutTimer);
  try {
    const answer = await client.about();
    if (about.value && about.value.version !== answer.version) hasNewVersion.value = true;
    about.value = answer;
    problem.value = null;
    asksToken.value = null;
  } catch (error) {
    const failure = error instanceof ApiError ? error : new ApiError(0, String(error));
    if (failure.status === 401) {
      askToken();
      return;
    }
    if (about.value === null) problem.value = failure;
  }
  loadAboutLater();
}

function loadAboutLater(): void {
  clearTimeout(aboutTimer);
  aboutTimer = setTimeout(() => void loadAbout(), session.value === null ? kAboutSoonMs : kAboutMs);
}

export function askToken(): void {
  asksToken.value = { wasRefused: client.hasToken };
}

export async function giveToken(token: string): Promise<void> {
  client.setToken(token.trim());
  await loadAbout();
  if (asksToken.value === null) restartSession();
}

function restartSession(): void {
  session.value?.stop();
  session.value = null;
  chooseSession();
}

function chooseSession(): void {
  const wanted = route.value.system;
  const found = about.value && systemOf(about.value.systems, wanted);
  const info = found === 'choice' ? null : found;
  if (isSameSystem(info, session.value?.info ?? null)) return;
  session.value?.stop();
  if (!info) {
    session.value = null;
    loadAboutLater();
    return;
  }
  if (wanted === null) {
    history.replaceState(null, '', hashOf(info.id));
    route.value = parseRoute(location.hash);
  }
  // Each time the stream opens the server may be another one: look whether its page is still this one.
  let isFirst = true;
  const made = new Session(client, info, () => {
    if (!isFirst) void loadAbout();
    isFirst = false;
  });
  session.value = made;
  made.start();
  loadAboutLater();
}

export function startApp(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
  });
  effect(() => {
    // Only these two choose; what choosing reads besides must not run it again.
    void about.value;
    void route.value;
    queueMicrotask(chooseSession);
  });
  effect(() => {
    const info = session.value?.info;
    hasHours.value = !info || (info.window_s === 3600 && info.slide_s === 3600);
  });
  effect(() => {
    if (session.value?.link.value.error?.status === 401) askToken();
  });
  void loadAbout();
}
