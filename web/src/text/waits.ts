// Why an hour is not final, in the visitor's language. The server says it in English words of a fixed form;
// what has another form is shown as it came.

import { clockTime, type Language } from '../format/times.ts';
import type { Wait } from '../api/types.ts';
import type { Text } from './en.ts';
import { milliseconds } from '../live/station.ts';

const kOpening = /^hour \S+ (?:open|waiting): /;
const kWatermark = /^watermark (.+?), needs (.+)$/;
const kIdle = /^partition (\S+) idle since ([^,]+), lag (\d+)$/;

function clause(text: string, words: Text['waitWords']): string {
  let found = kWatermark.exec(text);
  if (found) {
    return /\d/.test(found[1]!) ? words.watermark(found[1]!, found[2]!) : words.unknownWatermark(found[2]!);
  }
  found = kIdle.exec(text);
  return found ? words.idle(found[1]!, found[2]!, found[3]!) : text;
}

export function whyWords(why: string, text: Text): string {
  return why
    .replace(kOpening, '')
    .split('; ')
    .map((part) => clause(part, text.waitWords))
    .join('; ');
}

export function waitWords(wait: Wait, zone: string, language: Language, text: Text): string {
  const start = milliseconds(wait.hour);
  const hour = start === null ? wait.hour : language === 'ko' ? `${clockTime(start, zone)}시간대` : clockTime(start, zone);
  return text.notFinalOne(hour, whyWords(wait.why, text));
}
