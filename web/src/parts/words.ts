// Sentences about a station that several views say the same way.

import type { Flapping, Forecast, Frozen } from '../api/types.ts';
import { signed, whole } from '../format/numbers.ts';
import { clockTime, span, timeNear } from '../format/times.ts';
import type { Session } from '../live/session.ts';
import type { Standing } from '../live/standing.ts';
import type { LiveStation } from '../live/station.ts';
import { language } from '../preferences.ts';
import { text } from '../text/text.ts';

// Its rentals and returns, where they are of the hour that is running and it is known what it has now.
export function inHour(session: Session, station: LiveStation): LiveStation | null {
  const hour = session.state.value?.hour?.start;
  return hour !== undefined && station.hour === hour && session.standingOf(station).isKnown ? station : null;
}

export function stateWords(standing: Standing): string {
  const t = text.value;
  return standing.isKnown ? { empty: t.empty, full: t.full, some: t.hasBikes }[standing.fill] : t.stale;
}

export function ageWords(session: Session, station: LiveStation): string {
  const now = session.now.value;
  if (station.observedMs === null || now === null) return text.value.neverSeen;
  return text.value.seenAgo(span(now - station.observedMs, language.value));
}

// Bikes now, or that they are unknown and what was seen last.
export function countWords(session: Session, station: LiveStation): string {
  const t = text.value;
  const standing = session.standingOf(station);
  if (standing.isKnown) {
    return station.racks === null || station.racks <= 0
      ? t.bikesOnly(whole(standing.bikes))
      : t.bikesOfRacks(whole(standing.bikes), whole(station.racks));
  }
  const now = session.now.value;
  if (station.bikes === null || station.observedMs === null || now === null) {
    return `${t.unknownNow} (${t.why[standing.why]})`;
  }
  return `${t.unknownNow} (${t.lastCount(whole(station.bikes), span(now - station.observedMs, language.value))})`;
}

export function durationWords(station: LiveStation, now: number): string {
  if (station.sinceMs === null) return '–';
  const duration = span(now - station.sinceMs, language.value);
  return station.since_is_exact ? duration : text.value.atLeast(duration);
}

export function sinceWords(station: LiveStation, now: number, zone: string): string {
  if (station.sinceMs === null) return '–';
  const at = timeNear(station.sinceMs, now, zone, language.value);
  return station.since_is_exact ? text.value.since(at) : text.value.sinceAtLeast(at);
}

// How long until then, in whole minutes: it is a guess.
export function inWords(of: Forecast, now: number): string {
  const left = Date.parse(of.at) - now;
  return left < 60_000 ? text.value.anyMinute : text.value.about(span(left, language.value));
}

export function soonWords(of: Forecast, station: LiveStation, now: number, zone: string): string {
  const t = text.value;
  const at = clockTime(Math.max(Date.parse(of.at), now), zone);
  return [
    of.becomes === 'empty' ? t.emptyAt(at) : t.fullAt(at),
    t.bikesAndRacks(whole(station.bikes), whole(station.racks)),
    t.netOver(signed(of.net), span(of.over_s * 1000, language.value)),
  ].join(' · ');
}

export function doubtWords(of: Flapping | Frozen, station: LiveStation, now: number, zone: string): string {
  const t = text.value;
  const since = Date.parse(of.since);
  return 'changes' in of
    ? t.flappingSince(whole(of.low), whole(of.high), whole(of.changes), timeNear(since, now, zone, language.value))
    : t.frozenSince(whole(station.bikes), span(now - since, language.value));
}

export function netWords(rentals: number | null, returns: number | null): string {
  return rentals === null || returns === null ? '–' : signed(returns - rentals);
}
