import { createHash } from 'node:crypto';

/** One call as the platform saw it. It never holds a secret, nor a token but by its hash. */
export interface JournalEntry {
  /** Grows by one with each entry, from 1. */
  readonly seq: number;
  /** Epoch ms on the sandbox's clock. */
  readonly at: number;
  readonly method: string;
  /** Without the query, cut at 200 characters. */
  readonly path: string;
  readonly appId: string | null;
  readonly force: boolean;
  /** What the platform decided: 0 is success, null is no decision or no JSON. */
  readonly errcode: number | null;
  /** HTTP status, null when there was no answer. */
  readonly status: number | null;
  /** `answered`, else the kind of the fault that the call met. */
  readonly outcome: string;
  readonly userAgent: string | null;
  /** Hex SHA-256 of the token issued, else of the one presented. */
  readonly tokenSha256: string | null;
}

export interface Journal {
  readonly add: (
    entry: Omit<JournalEntry, 'seq' | 'tokenSha256'> & { readonly token: string | null },
  ) => void;
  /** The entries kept after `seq`, oldest first. */
  readonly since: (seq: number) => readonly JournalEntry[];
}

const LONGEST_TEXT = 200;

/** Keeps the last `capacity` entries, or a little more. */
export function createJournal(capacity = 10_000): Journal {
  let entries: JournalEntry[] = [];
  let seq = 0;
  return {
    add({ token, ...entry }) {
      seq += 1;
      entries.push({
        seq,
        ...entry,
        path: entry.path.slice(0, LONGEST_TEXT),
        appId: entry.appId?.slice(0, LONGEST_TEXT) ?? null,
        userAgent: entry.userAgent?.slice(0, LONGEST_TEXT) ?? null,
        tokenSha256: token === null ? null : createHash('sha256').update(token).digest('hex'),
      });
      // Cutting in batches: shifting an array of this size on every call would be quadratic work.
      if (entries.length >= capacity + capacity / 10) entries = entries.slice(-capacity);
    },
    since: (after) => entries.filter((entry) => entry.seq > after),
  };
}
