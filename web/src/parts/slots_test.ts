import { describe, expect, it } from 'vitest';

import { slotsOf } from './slots.ts';

describe('slotsOf', () => {
  it('leaves who stays where it is, and gives who comes the place of who went', () => {
    const first = slotsOf(new Map(), ['a', 'b', 'c']);
    expect([...first]).toEqual([['a', 0], ['b', 1], ['c', 2]]);
    const second = slotsOf(first, ['x', 'a', 'b']);
    expect(Object.fromEntries(second)).toEqual({ x: 2, a: 0, b: 1 });
    expect(Object.fromEntries(slotsOf(second, ['y', 'z', 'x']))).toEqual({ x: 2, y: 0, z: 1 });
  });

  it('has a place for each, and one only, as the list grows and shrinks', () => {
    let slots: Map<string, number> = new Map();
    for (const [from, to] of [[0, 3], [2, 9], [2, 32], [30, 33], [100, 130], [101, 131]] as const) {
      const keys = Array.from({ length: to - from }, (_, index) => `${from + index}`);
      slots = slotsOf(slots, keys);
      expect([...slots.keys()].sort()).toEqual([...keys].sort());
      expect([...slots.values()].sort((a, b) => a - b)).toEqual(keys.map((_, index) => index));
    }
  });
});
