// What the address says after the '#': which system, which page, and its filters. Every view is an address,
// so it can be kept, sent and gone back to.

export type Page = 'live' | 'stations' | 'station' | 'history';

export interface Route {
  system: string | null;
  page: Page;
  item: string | null; // station: its id; history: the hour, 2024-08-11T08
  params: URLSearchParams;
}

// Which of the server's systems an address is about: the one that it names, or the only one there is. 'choice': it
// names none of several; null: there is none, or none of that name, and it may come yet.
export function systemOf<Of extends { id: string }>(systems: readonly Of[], named: string | null): Of | 'choice' | null {
  if (named !== null) return systems.find(({ id }) => id === named) ?? null;
  return systems.length > 1 ? 'choice' : (systems[0] ?? null);
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [system, page, item] = path
    .split('/')
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  const params = new URLSearchParams(query);
  if (!system) return { system: null, page: 'live', item: null, params };
  if (page === 'station' && item) return { system, page, item, params };
  if (page === 'history') return { system, page, item: item ?? null, params };
  if (page === 'stations') return { system, page, item: null, params };
  return { system, page: 'live', item: null, params };
}

export function hashOf(
  system: string | null,
  page: Page = 'live',
  item: string | null = null,
  params?: URLSearchParams | Record<string, string>,
): string {
  const parts = system === null ? [] : [system];
  if (system !== null && page !== 'live') parts.push(page);
  if (system !== null && item !== null) parts.push(item);
  const query = new URLSearchParams(params).toString();
  // A colon or a 'T' needs no escape; an id with a slash does.
  return `#/${parts.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}
