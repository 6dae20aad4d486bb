// The words of the language that is chosen.

import { computed, signal } from '@preact/signals';

import { language } from '../preferences.ts';
import { en, type Text } from './en.ts';
import { ko } from './ko.ts';
import { kOfWindows } from './windows.ts';

// Of the system on the screen: its windows are hours, side by side.
export const hasHours = signal(true);

export const text = computed<Text>(() => {
  const words = language.value === 'ko' ? ko : en;
  return hasHours.value ? words : { ...words, ...kOfWindows[language.value] };
});
