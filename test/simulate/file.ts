import { MINUTE } from '../../src/core/time.ts';

/** A stretch of true time (ms) in which a reader held a token that the platform refused. */
export interface Gap {
  readonly token: string;
  readonly diedAt: number;
  readonly from: number;
  readonly until: number;
  /** How many reads brought it. */
  readonly bad: number;
}

export interface Reading {
  readonly reads: number;
  /** A read is bad whose token was dead by then or died before the next read. */
  readonly gaps: readonly Gap[];
  /** When each token was replaced. */
  readonly replaced: readonly { readonly token: string; readonly at: number }[];
}

/** A published file with a reader that re-reads it once a minute and uses what it read until it reads again. */
export interface PublishedFile {
  write(token: string, now: number): void;
  /** What it holds now. */
  holds(): string | undefined;
  /** What the reader met up to `end`, from the first publication on. */
  read(deathOf: (token: string) => number, end: number): Reading;
}

/** How often a reader re-reads, ms. */
export const REREAD = MINUTE;

/** @param phase true time of the reader's first read, ms */
export function createFile(phase: number): PublishedFile {
  const contents: { readonly token: string; readonly since: number }[] = [];
  const readAtOrAfter = (time: number) => phase + REREAD * Math.ceil((time - phase) / REREAD);

  return {
    write(token, now) {
      if (contents.at(-1)?.token !== token) contents.push({ token, since: now });
    },
    holds: () => contents.at(-1)?.token,
    read(deathOf, end) {
      let reads = 0;
      const gaps: Gap[] = [];
      for (const [index, { token, since }] of contents.entries()) {
        const first = readAtOrAfter(since);
        const next = readAtOrAfter(Math.min(contents[index + 1]?.since ?? end, end));
        if (first >= next) continue;
        reads += (next - first) / REREAD;
        const diedAt = deathOf(token);
        const until = Math.min(next, end);
        if (diedAt >= until) continue;
        const from = Math.max(first, diedAt);
        const bad = (next - Math.max(first, readAtOrAfter(diedAt - REREAD + 1))) / REREAD;
        gaps.push({ token, diedAt, from, until, bad });
      }
      const replaced = contents
        .slice(1)
        .map(({ since }, index) => ({ token: contents[index]?.token ?? '', at: since }));
      return { reads, gaps, replaced };
    },
  };
}
