// Why an hour is not final, in the visitor's language.

import type { SystemState, Wait, WaitingPart } from '../api/types.ts';
import { kHourMs } from '../charts/series.ts';
import { clockTime, clockTimeSeconds, type Language, span, timeNear } from '../format/times.ts';
import { milliseconds } from '../live/station.ts';
import type { Text } from './en.ts';

const kPartsNamed = 2; // those furthest behind come first

// Times with the day where that is not the day of `now`.
export function waitWords(wait: Wait, now: number, zone: string, language: Language, text: Text): string {
  const { waitWords: words } = text;
  if (wait.parts.length === 0) return wait.why;
  const of = (part: WaitingPart) => {
    const watermark = milliseconds(part.watermark);
    const said = [
      watermark === null ? words.nothing : words.seenUpTo(timeNear(watermark, now, zone, language, clockTimeSeconds)),
      part.lag === null ? null : part.lag === 0 ? words.idle : words.lag(String(part.lag)),
      part.stopped === null ? null : words.stopped(part.stopped),
    ]
      .filter((clause) => clause !== null)
      .join(', ');
    // One feed is one partition, of which nobody needs to know.
    return wait.parts.length === 1 && part.partition === 0 ? said : words.partition(String(part.partition), said);
  };
  const needs = milliseconds(wait.needs);
  const more = wait.parts.length - kPartsNamed;
  return [
    needs === null ? null : words.needs(timeNear(needs, now, zone, language)),
    ...wait.parts.slice(0, kPartsNamed).map(of),
    more > 0 ? words.more(String(more)) : null,
  ]
    .filter((clause) => clause !== null)
    .join('; ');
}

// Of what is no hour the end is said as well.
export function waitLine(wait: Wait, now: number, zone: string, language: Language, text: Text): string {
  const start = milliseconds(wait.hour);
  const end = milliseconds(wait.needs);
  let hour = start === null ? wait.hour : timeNear(start, now, zone, language);
  if (start !== null && end !== null) {
    if (language === 'ko') hour += `부터 ${span(end - start, 'ko')}`;
    else if (end - start !== kHourMs) hour += `–${clockTime(end, zone)}`;
  }
  return text.notFinalOne(hour, waitWords(wait, now, zone, language, text));
}

// Of an hour of the lake: as the live state tells it, else in the server's own words.
export function whyWords(
  start: number,
  why: string,
  state: Pick<SystemState, 'now' | 'waits'> | null,
  zone: string,
  language: Language,
  text: Text,
): string {
  const wait = state?.waits.find(({ hour }) => milliseconds(hour) === start);
  return state && wait ? waitWords(wait, Date.parse(state.now), zone, language, text) : why;
}
