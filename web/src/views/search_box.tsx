// Finds a station from anywhere: a combobox by the ARIA pattern. '/' brings the focus here.

import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { go } from '../app.ts';
import { whole } from '../format/numbers.ts';
import type { Session } from '../live/session.ts';
import type { LiveStation } from '../live/station.ts';
import { fillClass } from '../map/classes.ts';
import { Icon, Mark } from '../parts/marks.tsx';
import { stateWords } from '../parts/words.ts';
import { search } from '../search/search.ts';
import { text } from '../text/text.ts';

const kShown = 12;

export function SearchBox({ session }: { session: Session }) {
  const t = text.value;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [asked, setAsked] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const all = asked.trim() === '' ? [] : search(session.stations.value, asked);
  const found = all.slice(0, kShown);
  const current = Math.min(active, found.length - 1);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest('input, textarea, select, dialog')) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  const choose = (station: LiveStation | undefined) => {
    if (!station) return;
    go('station', station.id);
    setAsked('');
    setOpen(false);
    input.current?.blur();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter and arrows that end or move within a composed Korean syllable are the input method's.
    if (event.isComposing) return;
    if (event.key === 'Escape') {
      if (isOpen) setOpen(false);
      else setAsked('');
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (found.length > 0) setActive((current + step + found.length) % found.length);
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault();
      choose(found[current]);
    }
  };

  const showsList = isOpen && asked.trim() !== '';
  return (
    <search class="search">
      <Icon name="search" />
      <input
        ref={input}
        type="text"
        role="combobox"
        inputMode="search"
        enterKeyHint="search"
        autocomplete="off"
        spellcheck={false}
        aria-label={t.search}
        aria-expanded={showsList && found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={showsList && found[current] ? `${id}-${current}` : undefined}
        placeholder={t.searchPlaceholder}
        value={asked}
        onInput={(event) => {
          setAsked(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
      <div class="search-results" hidden={!showsList}>
        <ul id={`${id}-list`} role="listbox" aria-label={t.search} hidden={found.length === 0}>
          {found.map((station, index) => {
            const standing = session.standingOf(station);
            return (
              <li
                key={station.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === current}
                // Before the input loses the focus, and with it this list.
                onMouseDown={(event) => {
                  event.preventDefault();
                  choose(station);
                }}
                onMouseMove={() => setActive(index)}
              >
                <Mark scale="fill" of={fillClass(standing, station.racks)} />
                <span class="number">{station.number ?? ''}</span>
                <span class="name">{station.title}</span>
                <span class="count">{standing.isKnown ? whole(standing.bikes) : stateWords(standing)}</span>
              </li>
            );
          })}
        </ul>
        <p class="search-note">
          {found.length === 0 ? t.searchNone(asked.trim()) : t.searchFound(all.length)} <span>{t.searchHint}</span>
        </p>
      </div>
      <span class="visually-hidden" role="status">
        {showsList ? (found.length === 0 ? t.searchNone(asked.trim()) : t.searchFound(all.length)) : ''}
      </span>
    </search>
  );
}
