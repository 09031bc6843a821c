import { setMaxListeners } from 'node:events';

/**
 * What comes of the work, unless a signal comes before. Undici itself obeys one only once it has a connection, which
 * may be never. Not by AbortSignal.any: what is listened to there lives as long as its oldest source, the daemon.
 */
export async function unlessEnded<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  const over = new AbortController();
  // As many as there are requests at once: Node would take more than ten for a leak.
  setMaxListeners(0, ...signals);
  const ended = new Promise<never>((_, reject) => {
    for (const signal of signals) {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
    }
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    over.abort();
  }
}
