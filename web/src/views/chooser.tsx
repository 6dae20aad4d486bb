// Which system: only where there is more than one.

import { useState } from 'preact/hooks';

import { about, route } from '../app.ts';
import { whole } from '../format/numbers.ts';
import { fold } from '../search/hangul.ts';
import { hashOf } from '../route.ts';
import { text } from '../text/text.ts';

export function Chooser() {
  const t = text.value;
  const [asked, setAsked] = useState('');
  const systems = about.value?.systems ?? [];
  const unknown = route.value.system;
  const letters = fold(asked);
  const found = systems.filter((system) => fold(`${system.name} ${system.id}`).includes(letters));
  return (
    <main id="content" class="page chooser" tabIndex={-1}>
      <h1>{t.chooseSystem}</h1>
      {unknown !== null && systems.length > 0 && <p class="hint">{t.unknownSystem(unknown)}</p>}
      {systems.length === 0 && <p class="hint">{t.noSystems}</p>}
      {systems.length > 8 && (
        <label>
          <span>{t.systemsFilter}</span>
          <input type="search" value={asked} onInput={(event) => setAsked(event.currentTarget.value)} />
        </label>
      )}
      {systems.length > 8 && <p role="status" class="muted">{t.systemsFound(found.length)}</p>}
      <ul class="systems">
        {found.map((system) => (
          <li key={system.id}>
            <a href={hashOf(system.id)}>
              <b>{system.name}</b>
              <span class="muted">
                {system.id} · {t.stationsOf(whole(system.stations))} · {system.timezone}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
}
