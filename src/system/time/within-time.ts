/**
 * Runs work that obeys an abort signal, and aborts it when it takes too long (`TimeoutError`).
 * @param ms time limit
 * @param until aborts the work as well, with its own reason
 * @throws whatever `work` throws
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
