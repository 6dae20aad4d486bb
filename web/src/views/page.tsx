// Which view the address asks for, between the header and the footer.

import { useEffect } from 'preact/hooks';

import { about, client, problem, route, session } from '../app.ts';
import { zoneOffset } from '../format/times.ts';
import type { Session } from '../live/session.ts';
import { language, theme } from '../preferences.ts';
import { text } from '../text/text.ts';
import { waitLine } from '../text/waits.ts';
import { Chooser } from './chooser.tsx';
import { Banners, Header } from './header.tsx';
import { HistoryView } from './history_view.tsx';
import { LiveView } from './live_view.tsx';
import { StationsView } from './stations_view.tsx';
import { TokenDialog } from './token_dialog.tsx';

export function Page() {
  const t = text.value;
  const at = session.value;
  const { page, item, system } = route.value;
  useEffect(() => {
    document.documentElement.lang = language.value;
  }, [language.value]);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme.value;
  }, [theme.value]);
  const title =
    page === 'stations'
      ? t.stationsTitle
      : page === 'history'
        ? t.historyTitle
        : page === 'station' && item !== null && at
          ? (void at.positions.value, at.station(item)?.title ?? item)
          : null;
  useEffect(() => {
    document.title = [title, at?.info.name, 'bikeflow'].filter(Boolean).join(' · ');
  }, [title, at?.info.name]);
  return (
    <>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // The part after '#' is the route.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {t.skip}
      </a>
      <Header />
      <Banners />
      {at && at.info.id === system ? <View key={at} session={at} /> : about.value ? <Chooser /> : <Opening />}
      <Footer session={at} />
      <TokenDialog />
    </>
  );
}

function View({ session }: { session: Session }) {
  const { page } = route.value;
  if (page === 'stations') return <StationsView session={session} />;
  if (page === 'history') return <HistoryView session={session} />;
  return <LiveView session={session} />;
}

function Opening() {
  const t = text.value;
  const why = problem.value;
  return (
    <main id="content" class="page" tabIndex={-1}>
      <h1 class="visually-hidden">bikeflow</h1>
      <p class="hint" role="status">
        {why === null ? t.loading : why.status === 0 ? t.noAnswer : t.problem(why.message)}
      </p>
    </main>
  );
}

function Footer({ session }: { session: Session | null }) {
  const t = text.value;
  const state = session?.state.value ?? null;
  const waits = state?.waits ?? [];
  return (
    <footer class="bottom">
      {session && waits.length > 0 && (
        <p class="waits">
          {t.notFinal(waits.map((wait) => waitLine(wait, Date.parse(state!.now), session.zone, language.value, t)).join(' / '))}
        </p>
      )}
      <p>
        {session && t.zone(session.zone, zoneOffset(session.clock.value ?? Date.now(), session.zone))}
        {about.value && <span>{t.version(about.value.version)}</span>}
        <a href={client.urlOf('openapi.json')}>{t.api}</a>
        <a href={new URL('licenses.txt', document.baseURI).href}>{t.licenses}</a>
      </p>
    </footer>
  );
}
