// Times in the system's own zone, whatever the visitor's is, and ages in words.

export type Language = 'ko' | 'en';

const kFormats = new Map<string, Intl.DateTimeFormat>();

function format(
  language: Language | 'sv',
  zone: string,
  name: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = `${language} ${zone} ${name}`;
  let made = kFormats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
      ...options,
      timeZone: zone,
      hourCycle: 'h23',
    });
    kFormats.set(key, made);
  }
  return made;
}

export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

// Of each quarter of an hour that was asked about: zones change their clocks at the end of one, and the browser's own
// way takes a hundred times as long. A bounded number of them.
const kQuarterMs = 900_000;
const kHourMs = 3_600_000;
const kMostOffsets = 20_000;
const offsets = new Map<string, number>();

function offsetMs(ms: number, zone: string): number {
  const quarter = Math.floor(ms / kQuarterMs);
  const key = `${quarter} ${zone}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const start = quarter * kQuarterMs;
  const parts = format('en', zone, 'parts', {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(start);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const offset = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - start;
  if (offsets.size >= kMostOffsets) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

export function localTime(ms: number, zone: string): LocalTime {
  const shown = new Date(ms + offsetMs(ms, zone)); // whose UTC is the local time
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
  };
}

const two = (value: number) => String(value).padStart(2, '0');

// 22:31
export function clockTime(ms: number, zone: string): string {
  const t = localTime(ms, zone);
  return `${two(t.hour)}:${two(t.minute)}`;
}

// 22:31:05
export function clockTimeSeconds(ms: number, zone: string): string {
  return `${clockTime(ms, zone)}:${two(localTime(ms, zone).second)}`;
}

// 2024-08-11
export function isoDate(ms: number, zone: string): string {
  const t = localTime(ms, zone);
  return `${String(t.year).padStart(4, '0')}-${two(t.month)}-${two(t.day)}`;
}

// The first that is a day of 1970 or later in every zone.
export const kFirstDay = '1970-01-02';

// Whether it is a date that can be shown, of those up to `last`.
export function isDayOf(date: string, last: string | undefined): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(date) && date >= kFirstDay && (last === undefined || date <= last);
}

// 8월 11일 (일), Sun 11 Aug
export function dayName(ms: number, zone: string, language: Language): string {
  return format(language, zone, 'day', { weekday: 'short', month: 'short', day: 'numeric' }).format(ms);
}

// With the day where that is not the day of `now`.
export function timeNear(ms: number, now: number, zone: string, language: Language, timeOf = clockTime): string {
  const time = timeOf(ms, zone);
  return isoDate(ms, zone) === isoDate(now, zone) ? time : `${dayName(ms, zone, language)} ${time}`;
}

// GMT+9
export function zoneOffset(ms: number, zone: string): string {
  const parts = format('en', zone, 'offset', { timeZoneName: 'shortOffset' }).formatToParts(ms);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

export function offsetMinutes(ms: number, zone: string): number {
  return Math.round(offsetMs(ms, zone) / 60_000);
}

// The instant of a local time; of two the earlier one, and of none what the clock shows after the jump.
export function instantOf(year: number, month: number, day: number, hour: number, zone: string): number {
  const asUtc = Date.UTC(year, month - 1, day, hour);
  const candidates = [asUtc - 86_400_000, asUtc + 86_400_000].map(
    (near) => asUtc - offsetMinutes(near, zone) * 60_000,
  );
  const right = candidates.filter((ms) => {
    const t = localTime(ms, zone);
    return t.day === new Date(asUtc).getUTCDate() && t.hour === new Date(asUtc).getUTCHours();
  });
  return right.length > 0 ? Math.min(...right) : Math.max(...candidates);
}

// The same local hour, some days on or back.
export function shiftDays(ms: number, days: number, zone: string): number {
  const t = localTime(ms, zone);
  const day = new Date(Date.UTC(t.year, t.month - 1, t.day + days));
  const hour = instantOf(day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate(), t.hour, zone);
  return hour + (t.minute * 60 + t.second) * 1000;
}

// The instants at which the windows of a local day start: of whole hours 23 to 25.
export function startsOfDay(date: string, zone: string, slideMs: number): number[] {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const start = instantOf(year, month, day, 0, zone);
  const next = new Date(Date.UTC(year, month - 1, day + 1));
  const end = instantOf(next.getUTCFullYear(), next.getUTCMonth() + 1, next.getUTCDate(), 0, zone);
  const starts: number[] = [];
  for (let at = start; at < end; at += slideMs) starts.push(at);
  return starts;
}

// 2024-08-11T08, as routes name an hour, and 2024-08-11T0815 what starts within it; 2024-11-03T01~2 is the second of two
// that the clock shows alike.
export function hourKey(ms: number, zone: string): string {
  const { year, month, day, hour, minute } = localTime(ms, zone);
  const isSecond = ms - instantOf(year, month, day, hour, zone) >= kHourMs;
  return `${isoDate(ms, zone)}T${two(hour)}${minute === 0 ? '' : two(minute)}${isSecond ? '~2' : ''}`;
}

// Null too where none of the day's windows starts.
export function parseHourKey(key: string, zone: string, slideMs: number): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)([0-5]\d)?(~2)?$/.exec(key);
  if (!found) return null;
  const [year, month, day, hour] = found.slice(1, 5).map(Number) as [number, number, number, number];
  const real = new Date(Date.UTC(year, month - 1, day));
  if (hour > 23 || real.getUTCFullYear() !== year || real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) {
    return null;
  }
  const first = instantOf(year, month, day, hour, zone) + Number(found[5] ?? 0) * 60_000;
  if (found[6] && localTime(first + kHourMs, zone).hour !== hour) return null;
  const start = found[6] ? first + kHourMs : first;
  return startsOfDay(isoDate(start, zone), zone, slideMs).includes(start) ? start : null;
}

const kUnits = {
  ko: { d: '일', h: '시간', m: '분', s: '초', join: ' ' },
  en: { d: ' d', h: ' h', m: ' min', s: ' s', join: ' ' },
} as const;

// A span in at most two units, rounded down: 45 s, 12 min, 3 h 5 min, 2 d 4 h.
export function span(ms: number, language: Language): string {
  const unit = kUnits[language];
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}${unit.s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${unit.m}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    return rest === 0 ? `${hours}${unit.h}` : `${hours}${unit.h}${unit.join}${rest}${unit.m}`;
  }
  const days = Math.floor(hours / 24);
  const rest = hours % 24;
  return rest === 0 ? `${days}${unit.d}` : `${days}${unit.d}${unit.join}${rest}${unit.h}`;
}
