import { expect, it } from 'vitest';

import { together } from './rows.ts';

it('adds up what two rows of an hour counted, and keeps of the second what is no sum', () => {
  const row = (first: number, bikes: number) => ({
    bikes_close: bikes,
    total_rental: first,
    total_return: first + 1,
    unobserved_change: first + 2,
    observed_seconds: first + 3,
    empty_seconds: first + 4,
    full_seconds: first + 5,
  });
  expect(together(row(10, 7), row(200, 8))).toEqual({
    bikes_close: 8,
    total_rental: 210,
    total_return: 212,
    unobserved_change: 214,
    observed_seconds: 216,
    empty_seconds: 218,
    full_seconds: 220,
  });
});
