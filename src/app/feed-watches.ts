import type { Served } from './unit.ts';

/**
 * Watches what served credentials are fed from.
 * @returns begins with new ones and ends with those that are no longer served
 */
export function createFeedWatches(): {
  serve(joined: ReadonlyMap<string, Served>): void;
  close(): Promise<void>;
} {
  let watches: ReadonlyMap<Served, Promise<{ close(): Promise<void> }>> = new Map();

  return {
    serve(joined) {
      const next = new Map<Served, Promise<{ close(): Promise<void> }>>();
      for (const one of joined.values()) {
        const watch = watches.get(one) ?? one.watch?.();
        if (watch) next.set(one, watch);
      }
      for (const [one, watch] of watches) if (!next.has(one)) void watch.then((ended) => ended.close());
      watches = next;
    },
    async close() {
      await Promise.all([...watches.values()].map(async (watch) => (await watch).close()));
    },
  };
}
