// The top of every page: where one is, the search, whether what is shown is live, and the visitor's choices.

import { about, hasNewVersion, route, session } from '../app.ts';
import { whole } from '../format/numbers.ts';
import { clockTimeSeconds, span, zoneOffset } from '../format/times.ts';
import type { Session } from '../live/session.ts';
import { Icon } from '../parts/marks.tsx';
import { chooseLanguage, chooseTheme, language, theme } from '../preferences.ts';
import { hashOf, type Page } from '../route.ts';
import { text } from '../text/text.ts';
import { SearchBox } from './search_box.tsx';

export function Header() {
  const t = text.value;
  const at = session.value;
  const { system, page } = route.value;
  const link = (to: Page, label: string, isHere: boolean) => (
    <a href={hashOf(system, to)} aria-current={isHere ? 'page' : undefined}>
      {label}
    </a>
  );
  return (
    <header class="top">
      <div class="brand">
        <a class="wordmark" href="#/" aria-label="bikeflow">
          <Logo /> <span>bikeflow</span>
        </a>
        {at && <SystemName session={at} />}
        {about.value?.is_demo && (
          <span class="chip" title={t.demoHint}>
            {t.demo}
            {at && at.state.value && at.state.value.speed !== 1 && <small> · {t.demoSpeed(whole(at.state.value.speed))}</small>}
          </span>
        )}
      </div>
      {at && <SearchBox session={at} />}
      {at && (
        <nav class="pages" aria-label={t.navigation}>
          {link('live', t.live, page === 'live' || page === 'station')}
          {link('stations', t.stationsPage, page === 'stations')}
          {link('history', t.history, page === 'history')}
        </nav>
      )}
      <div class="status">
        {at && <LinkPill session={at} />}
        {at && <Clock session={at} />}
        <button
          type="button"
          class="quiet"
          lang={language.value === 'ko' ? 'en' : 'ko'}
          onClick={() => chooseLanguage(language.value === 'ko' ? 'en' : 'ko')}
        >
          {t.otherLanguage}
        </button>
        <button
          type="button"
          class="quiet icon-button"
          aria-label={theme.value === 'dark' ? t.toLight : t.toDark}
          title={theme.value === 'dark' ? t.toLight : t.toDark}
          onClick={() => chooseTheme(theme.value === 'dark' ? 'light' : 'dark')}
        >
          <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  );
}

function Logo() {
  return (
    <svg class="logo" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      <circle cx="5.5" cy="14" r="4" />
      <circle cx="16.5" cy="14" r="4" />
      <path d="M5.5 14l4-7h5l2 7M9.5 7l3 7h-7M8 7h3" />
    </svg>
  );
}

function SystemName({ session }: { session: Session }) {
  const t = text.value;
  const systems = about.value?.systems ?? [];
  if (systems.length < 2) return <span class="system-name">{session.info.name}</span>;
  return (
    <a class="system-name" href="#/" title={t.allSystems}>
      {session.info.name} <span aria-hidden="true">▾</span>
      <span class="visually-hidden">({t.allSystems})</span>
    </a>
  );
}

function LinkPill({ session }: { session: Session }) {
  const t = text.value;
  const { phase, isOpen } = session.link.value;
  const words =
    phase === 'live'
      ? isOpen
        ? t.connected
        : t.reconnecting
      : phase === 'connecting'
        ? t.connecting
        : phase === 'stopped'
          ? t.stopped
          : t.lost;
  const kind = phase === 'live' ? (isOpen ? 'good' : 'warn') : phase === 'connecting' ? 'warn' : 'bad';
  return (
    <span class={`pill ${kind}`} role="status">
      <span class="dot" aria-hidden="true" /> <span title={words}>{words}</span>
    </span>
  );
}

function Clock({ session }: { session: Session }) {
  const now = session.clock.value;
  if (now === null) return null;
  return (
    <span class="clock" title={session.zone}>
      <time dateTime={new Date(now).toISOString()}>{clockTimeSeconds(now, session.zone)}</time>{' '}
      <small>{zoneOffset(now, session.zone)}</small>
    </span>
  );
}

// Above everything while the page hears nothing, or should be loaded anew.
export function Banners() {
  const t = text.value;
  const at = session.value;
  return (
    <>
      {at && <LostBanner session={at} />}
      {hasNewVersion.value && (
        <div class="banner info" role="status">
          {t.newVersion}{' '}
          <button type="button" class="small" onClick={() => location.reload()}>
            {t.reload}
          </button>
        </div>
      )}
    </>
  );
}

function LostBanner({ session }: { session: Session }) {
  const t = text.value;
  const { phase, heardAt, retryAt, isOpen, error } = session.link.value;
  void session.now.value; // counts on with each second
  if (phase !== 'lost' && phase !== 'stopped') return null;
  const local = Date.now();
  const lost = heardAt === null ? t.lostNever : t.lostBanner(span(local - heardAt, language.value));
  return (
    <div class="banner bad">
      {/* Said once; the seconds that count on are for the eye. */}
      <strong role="alert">{phase === 'stopped' ? t.stopped : t.lost}</strong>
      <span aria-live="off">
        {phase === 'stopped' ? (error?.message ?? '') : lost}{' '}
        {phase === 'lost' &&
          (isOpen || retryAt === null ? t.retrying : t.retryIn(span(Math.max(0, retryAt - local) + 999, language.value)))}
      </span>
      <button type="button" class="small" onClick={() => session.retryNow()}>
        {t.retryNow}
      </button>
    </div>
  );
}
