// The two choices of a visitor that are kept: language and theme. Without one the browser's are taken.

import { computed, signal } from '@preact/signals';

import type { Language } from './format/times.ts';

export type Theme = 'light' | 'dark';

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be forbidden; then the choice lasts as long as the page
  }
}

function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // as above
  }
}

const kLanguageKey = 'bikeflow-language';
const kThemeKey = 'bikeflow-theme';

function firstLanguage(): Language {
  const chosen = kept(kLanguageKey);
  if (chosen === 'ko' || chosen === 'en') return chosen;
  return navigator.languages.some((language) => language.toLowerCase().startsWith('ko')) ? 'ko' : 'en';
}

export const language = signal<Language>(firstLanguage());

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  keep(kLanguageKey, chosen);
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemTheme = signal<Theme>(prefersDark.matches ? 'dark' : 'light');
prefersDark.addEventListener('change', () => {
  systemTheme.value = prefersDark.matches ? 'dark' : 'light';
});

function firstTheme(): Theme | null {
  const chosen = kept(kThemeKey);
  return chosen === 'light' || chosen === 'dark' ? chosen : null;
}

const chosenTheme = signal<Theme | null>(firstTheme());
export const theme = computed<Theme>(() => chosenTheme.value ?? systemTheme.value);

// Choosing what the system has anyway means: follow the system again.
export function chooseTheme(chosen: Theme): void {
  chosenTheme.value = chosen === systemTheme.value ? null : chosen;
  keep(kThemeKey, chosenTheme.value);
}

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
export function wantsStillness(): boolean {
  return reducedMotion.matches;
}
