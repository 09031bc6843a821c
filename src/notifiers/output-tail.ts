import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface OutputTail {
  /** Resolves when all writers have closed the streams, or after `close()`. Never rejects. */
  readonly done: Promise<void>;
  /** The end of the output, for a log; see {@link redact}. */
  text(): string;
  /** Stops reading. */
  close(): void;
}

/** Bytes kept of a program's output. */
const KEPT_BYTES = 4096;

/** Pause (ms) after each chunk: a program that prints endlessly must not keep the daemon busy. */
const PAUSE = 1;

/** Reads all output, so that no program blocks on a full pipe, and keeps its end. */
export function keepTail(streams: readonly Readable[]): OutputTail {
  let kept = Buffer.alloc(0);
  let isCut = false;

  async function read(stream: Readable): Promise<void> {
    for await (const piece of stream) {
      const all = Buffer.concat([kept, piece]);
      isCut ||= all.length > KEPT_BYTES;
      // Copy: a slice of a buffer would keep the whole buffer in memory.
      kept = Buffer.from(all.subarray(-KEPT_BYTES));
      await delay(PAUSE);
    }
  }

  return {
    // Closing makes the readers fail, and so does a broken pipe.
    done: Promise.all(streams.map((stream) => read(stream).catch(() => {}))).then(() => {}),
    text: () => redact(isCut ? withoutFirstWord(kept.toString()) : kept.toString()).trim(),
    close: () => {
      for (const stream of streams) stream.destroy();
    },
  };
}

/** Drops the first word: the cut may run through a secret, whose rest would not be recognised as one. */
function withoutFirstWord(text: string): string {
  return text.replace(/^\S+/, '…');
}

/**
 * Redacts anything that looks like a token, a ticket or an AppSecret: a program may print what it read from the
 * published file (`sh -x` does), and the logger redacts values by their keys, which are missing here.
 */
function redact(text: string): string {
  return text.replace(/[\w-]{32,}/g, (word) => (/\d/.test(word) ? '[redacted]' : word));
}
