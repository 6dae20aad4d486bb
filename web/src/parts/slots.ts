// Places of a list whose rows come at one end and go at the other. Who was there keeps its place, and who comes takes one of
// somebody who went, so that a row's elements are used again, and only the new ones are laid out.
export function slotsOf(before: ReadonlyMap<string, number>, keys: readonly string[]): Map<string, number> {
  const after = new Map<string, number>();
  const taken = new Set<number>();
  for (const key of keys) {
    const slot = before.get(key);
    if (slot === undefined || slot >= keys.length) continue;
    after.set(key, slot);
    taken.add(slot);
  }
  let next = 0;
  for (const key of keys) {
    if (after.has(key)) continue;
    while (taken.has(next)) next += 1;
    after.set(key, next);
    next += 1;
  }
  return after;
}
