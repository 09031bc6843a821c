/**
 * Does something that obeys a signal, and ends it when it takes too long.
 * @param ms what it may take
 * @param until ends it as well
 */
export async function withinTime<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  until?: AbortSignal,
): Promise<T> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(new DOMException('too late', 'TimeoutError')), ms);
  try {
    return await work(until ? AbortSignal.any([end.signal, until]) : end.signal);
  } finally {
    clearTimeout(timer);
  }
}
