import { createHash } from 'node:crypto';

/** One call as the platform saw it. It contains no secret, and a token only as a hash. */
export interface JournalEntry {
  /** Sequence number, from 1. */
  readonly seq: number;
  /** Epoch ms on the sandbox's clock. */
  readonly at: number;
  readonly method: string;
  /** Path without the query, cut at 200 characters. */
  readonly path: string;
  readonly appId: string | null;
  readonly force: boolean;
  /** Error code of the platform: 0 on success, null if the platform decided nothing or the response is not JSON. */
  readonly errcode: number | null;
  /** HTTP status; null if there was no response. */
  readonly status: number | null;
  /** `answered`, otherwise the kind of the fault that the call met. */
  readonly outcome: string;
  readonly userAgent: string | null;
  /** Hex SHA-256 of the token issued, otherwise of the token presented. */
  readonly tokenSha256: string | null;
}

export interface Journal {
  readonly add: (
    entry: Omit<JournalEntry, 'seq' | 'tokenSha256'> & { readonly token: string | null },
  ) => void;
  /** Returns the stored entries after `seq`, oldest first. */
  readonly since: (seq: number) => readonly JournalEntry[];
}

const MAX_TEXT = 200;

/** Creates a journal that keeps the last `capacity` entries, or up to a tenth more. */
export function createJournal(capacity = 10_000): Journal {
  let entries: JournalEntry[] = [];
  let seq = 0;
  return {
    add({ token, ...entry }) {
      seq += 1;
      entries.push({
        seq,
        ...entry,
        path: entry.path.slice(0, MAX_TEXT),
        appId: entry.appId?.slice(0, MAX_TEXT) ?? null,
        userAgent: entry.userAgent?.slice(0, MAX_TEXT) ?? null,
        tokenSha256: token === null ? null : createHash('sha256').update(token).digest('hex'),
      });
      // Remove entries in batches: shifting an array of this size on every call would take quadratic time.
      if (entries.length >= capacity + capacity / 10) entries = entries.slice(-capacity);
    },
    since: (after) => entries.filter((entry) => entry.seq > after),
  };
}
