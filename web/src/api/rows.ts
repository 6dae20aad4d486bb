// Rows of the lake that are one to a reader: a station that moved from a partition to another has several of an hour.

import type { HourRow } from './types.ts';

export type Sums = Pick<
  HourRow,
  'total_rental' | 'total_return' | 'unobserved_change' | 'observed_seconds' | 'empty_seconds' | 'full_seconds'
>;

// Which of the two was first is not known, so neither are the bikes that the hour opened and closed with; what is no
// sum is that of `b`.
export function together<Row extends Sums>(a: Row, b: Row): Row {
  return {
    ...b,
    total_rental: a.total_rental + b.total_rental,
    total_return: a.total_return + b.total_return,
    unobserved_change: a.unobserved_change + b.unobserved_change,
    observed_seconds: a.observed_seconds + b.observed_seconds,
    empty_seconds: a.empty_seconds + b.empty_seconds,
    full_seconds: a.full_seconds + b.full_seconds,
  };
}
