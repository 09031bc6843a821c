import type { SharedServer } from '../../../src/coordination/redis/index.ts';
import type {
  PushedAnswer,
  PushedWrite,
  RecordWrite,
  WhatIsPushed,
} from '../../../src/coordination/redis/state-server.ts';

interface Entry {
  readonly text: string;
  /** Ms by the server's clock. */
  readonly endsAt: number;
}

type Entries = ReadonlyMap<string, Entry>;

/** A server as `src/coordination/redis/scripts.ts` makes one of Redis, in memory and against any clock. */
export interface ModelServer {
  /** The same operations as the scripts, each at once. */
  readonly run: {
    readonly read: (account: string) => string | undefined;
    readonly take: (claim: Parameters<SharedServer['take']>[0]) => Awaited<ReturnType<SharedServer['take']>>;
    readonly renew: (renewal: Parameters<SharedServer['renew']>[0]) => boolean;
    readonly free: (account: string, lease: string) => void;
    readonly write: (write: RecordWrite) => Awaited<ReturnType<SharedServer['write']>>;
    readonly keep: (account: string, version: number, text: string, duration: number) => void;
    readonly readPushed: (account: string, what: WhatIsPushed) => string | undefined;
    readonly keepPushed: (what: WhatIsPushed, write: PushedWrite) => PushedAnswer;
    readonly takeTurn: (name: string, count: number, duration: number) => boolean;
  };
  /** Told of every write that was made. */
  readonly listeners: Set<(message: string) => void>;
  /** Everything is gone. */
  flush(): void;
  /** What is stored now, to be put back later as a replica that lags behind does. */
  snapshot(): Entries;
  restore(entries: Entries): void;
}

/** @param now ms by the server's clock */
export function modelServer(now: () => number): ModelServer {
  let entries = new Map<string, Entry>();
  const listeners = new Set<(message: string) => void>();
  const recordKey = (account: string) => `${account} record`;
  const lockKey = (account: string) => `${account} lock`;

  function get(key: string): string | undefined {
    const entry = entries.get(key);
    if (entry && entry.endsAt <= now()) entries.delete(key);
    return entries.get(key)?.text;
  }
  const set = (key: string, text: string, duration: number) =>
    void entries.set(key, { text, endsAt: now() + duration });

  return {
    listeners,
    run: {
      read: (account) => get(recordKey(account)),
      take({ account, value, process, stale, duration }) {
        const held = get(lockKey(account));
        if (held !== undefined && held !== stale && !held.startsWith(process))
          return { isTaken: false, value: held };
        set(lockKey(account), value, duration);
        const record = get(recordKey(account));
        return { isTaken: true, ...(record !== undefined && { record }) };
      },
      renew({ account, lease, value, duration }) {
        const held = get(lockKey(account));
        if (held !== undefined && !held.startsWith(lease)) return false;
        set(lockKey(account), value, duration);
        return true;
      },
      free(account, lease) {
        if (get(lockKey(account))?.startsWith(lease)) entries.delete(lockKey(account));
      },
      write({ account, lease, base, text, duration, message }) {
        const held = get(lockKey(account));
        if (held !== undefined && !held.startsWith(lease)) return 'held';
        const stored = get(recordKey(account)) ?? '';
        if (stored !== base && stored !== text) return 'changed';
        set(recordKey(account), text, duration);
        for (const listener of listeners) listener(message);
        return 'written';
      },
      keep: (account, version, text, duration) =>
        set(`${recordKey(account)} version ${version}`, text, duration),
      readPushed: (account, what) => get(`${account} ${what}`),
      keepPushed(what, { account, base, text, duration, message }) {
        const key = `${account} ${what}`;
        const stored = get(key);
        if ((stored ?? '') !== base) return { isKept: false, ...(stored !== undefined && { stored }) };
        set(key, text, duration === 0 ? Number.POSITIVE_INFINITY : duration);
        for (const listener of listeners) listener(message);
        return { isKept: true };
      },
      takeTurn(name, count, duration) {
        const turns = Array.from({ length: count }, (_, index) => `${name} turn ${index}`);
        const free = turns.find((turn) => get(turn) === undefined);
        if (free !== undefined) set(free, '', duration);
        return free !== undefined;
      },
    },
    flush: () => entries.clear(),
    snapshot: () => new Map(entries),
    restore: (before) => {
      entries = new Map(before);
    },
  };
}
