/** How one request may end before its answer does. */
export interface Ending {
  readonly signal: AbortSignal;
  /** Rejects when the signal comes. Undici itself obeys one only once it has a connection, which may be never. */
  readonly reached: Promise<never>;
  /** In time: from now on only the one who asked, or the end of all, ends it. */
  inTime(): void;
  /** It is over; nothing of it stays behind. */
  over(): void;
}

export interface Endings {
  /** @param limit ms */
  begin(limit: number, signal?: AbortSignal): Ending;
  /** Ends all that is under way, and all that begins from now on. */
  end(): void;
}

/**
 * By hand, not by `AbortSignal.any` and `AbortSignal.timeout`: Node 20 never lets go of a composite signal that somebody
 * listened to, and a leader renews its Lease every two seconds for months.
 */
export function createEndings(): Endings {
  const underWay = new Set<AbortController>();
  let isOver = false;

  return {
    begin(limit, asked) {
      const controller = new AbortController();
      const { signal } = controller;
      const stop = () => controller.abort();
      const stopFor = () => controller.abort(asked?.reason);
      const timer = setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), limit);
      underWay.add(controller);
      asked?.addEventListener('abort', stopFor, { once: true });
      const reached = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      // Nobody may be waiting for it any more.
      reached.catch(() => {});
      if (isOver) stop();
      if (asked?.aborted) stopFor();
      return {
        signal,
        reached,
        inTime: () => clearTimeout(timer),
        over() {
          clearTimeout(timer);
          asked?.removeEventListener('abort', stopFor);
          underWay.delete(controller);
        },
      };
    },
    end() {
      isOver = true;
      for (const controller of underWay) controller.abort();
    },
  };
}
