// The words of the language that is chosen.

import { computed } from '@preact/signals';

import { language } from '../preferences.ts';
import { en, type Text } from './en.ts';
import { ko } from './ko.ts';

export const text = computed<Text>(() => (language.value === 'ko' ? ko : en));
