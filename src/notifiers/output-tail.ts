import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface OutputTail {
  /** Resolves when nobody can write any more, or when it has been closed. Never rejects. */
  readonly done: Promise<void>;
  /** What was said last, for a log: see {@link blot}. */
  text(): string;
  /** Reads no further. */
  close(): void;
}

/** Bytes kept of what a program prints. */
const KEPT = 4096;

/** After each piece, in ms: a program that prints without end must not keep the daemon busy. */
const BREATH = 1;

/** Reads all that is printed, so that nobody blocks on a full pipe, and keeps the end of it. */
export function keepTail(streams: readonly Readable[]): OutputTail {
  let kept = Buffer.alloc(0);
  let isCut = false;

  async function read(stream: Readable): Promise<void> {
    for await (const piece of stream) {
      const all = Buffer.concat([kept, piece]);
      isCut ||= all.length > KEPT;
      // A copy: a part of a buffer would keep all of it in memory.
      kept = Buffer.from(all.subarray(-KEPT));
      await delay(BREATH);
    }
  }

  return {
    // Closing ends a reader with an error, and so does a pipe that breaks.
    done: Promise.all(streams.map((stream) => read(stream).catch(() => {}))).then(() => {}),
    text: () => blot(isCut ? withoutFirstWord(kept.toString()) : kept.toString()).trim(),
    close: () => {
      for (const stream of streams) stream.destroy();
    },
  };
}

/** The cut may have gone through a secret, whose rest would look like nothing in particular. */
function withoutFirstWord(text: string): string {
  return text.replace(/^\S+/, '…');
}

/**
 * Blots out what looks like a token, a ticket or an AppSecret: a program may print what it read in the published file
 * (`sh -x` does), and no key beside it would tell the logger.
 */
function blot(text: string): string {
  return text.replace(/[\w-]{32,}/g, (word) => (/\d/.test(word) ? '[redacted]' : word));
}
