// Something fetched, and fetched again when what it depends on changes. What was there stays on the screen
// until the new answer is; an error is kept beside it.

import { useEffect, useState } from 'preact/hooks';

import { ApiError } from '../api/client.ts';
import { askToken } from '../app.ts';

export interface Loaded<T> {
  value: T | null;
  error: ApiError | null;
  isLoading: boolean;
}

export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  key: string, // a new one: another thing, what was there goes
  again: unknown, // a new one: the same thing, fetched anew
): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { key: string }>({ key, value: null, error: null, isLoading: true });
  useEffect(() => {
    const abort = new AbortController();
    setLoaded((before) => ({
      key,
      value: before.key === key ? before.value : null,
      error: null,
      isLoading: true,
    }));
    load(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setLoaded({ key, value, error: null, isLoading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(0, String(error));
        if (failure.status === 401) askToken();
        setLoaded((before) => ({ ...before, error: failure, isLoading: false }));
      },
    );
    return () => abort.abort();
  }, [key, again]);
  return loaded.key === key ? loaded : { value: null, error: null, isLoading: true };
}
