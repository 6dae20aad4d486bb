// Numbers as they are read; what is unknown is a dash and never 0.

export const kUnknown = '–';

const kWhole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 }); // 1,234 in both languages

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? kUnknown : kWhole.format(value);
}

// +3, −2 with a real minus sign, 0
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return kUnknown;
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '−'}${kWhole.format(Math.abs(value))}`;
}

export function percent(part: number, of: number): string {
  return of > 0 ? `${Math.round((part / of) * 100)} %` : kUnknown;
}

// How much more or less, +5 %; of nothing it is no share.
export function changePercent(now: number, before: number): string {
  return before > 0 ? `${signed(Math.round(((now - before) / before) * 100))} %` : kUnknown;
}

export function minutes(seconds: number | null): string {
  if (seconds === null) return kUnknown;
  if (seconds === 0) return '0';
  return seconds < 60 ? '<1' : String(Math.round(seconds / 60));
}
