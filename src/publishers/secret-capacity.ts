import { encodeEntry, LARGEST_TOKEN, type Subject } from '../codec/details.ts';
import type { Text } from '../core/text.ts';
import { type FormatName, formats } from './formats.ts';

/** Largest total size of the values of a Secret, in bytes, that an API server accepts. */
const LARGEST_SECRET = 1024 * 1024;

/**
 * Adds up how many bytes of each Secret the targets of this daemon need. A value stays in the Secret after the daemon
 * has stopped publishing it, and so do the reserved bytes, unless it is removed.
 */
export interface SecretCapacity {
  /**
   * Reserves `bytes` of a Secret.
   * @param key key of the Secret, one per target; reserving for a key again replaces its size
   */
  reserve(secret: SecretName, key: string, bytes: number): void;
  /** Gives back what is reserved for a key, which has been removed. */
  release(secret: SecretName, key: string): void;
  /**
   * Returns why a target does not fit: one message for the first target that exceeds the limit, none for all others.
   */
  problems(secret: SecretName, key: string): readonly Text[];
}

interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Creates the account of reserved bytes for the Secrets of one daemon.
 * @param largest largest size of a Secret, in bytes
 */
export function createSecretCapacity(largest = LARGEST_SECRET): SecretCapacity {
  const reserved = new Map<string, Map<string, number>>();
  const nameOf = ({ namespace, name }: SecretName) => `${namespace}/${name}`;

  return {
    reserve(secret, key, bytes) {
      const keys = reserved.get(nameOf(secret)) ?? new Map<string, number>();
      reserved.set(nameOf(secret), keys.set(key, bytes));
    },
    release(secret, key) {
      reserved.get(nameOf(secret))?.delete(key);
    },
    problems(secret, key) {
      let before = 0;
      let bytes = 0;
      for (const [each, size] of reserved.get(nameOf(secret)) ?? []) {
        before += bytes;
        bytes = size;
        if (each === key) break;
      }
      if (before > largest || before + bytes <= largest) return [];
      const [which, kib] = [nameOf(secret), largest / 1024];
      return [
        {
          en:
            `the Secret ${which} would be larger than the ${kib} KiB that one can hold: ` +
            'publish some of the credentials to another one',
          zh: `Secret ${which} 会超过一个 Secret 能容纳的 ${kib} KiB：把一部分凭据发布到另一个`,
        },
      ];
    },
  };
}

/** Returns the bytes that a target needs for the longest token that is expected. */
export function bytesNeeded(format: FormatName, subject: Subject): number {
  const [content, entry] = [formats[format](LARGEST_TOKEN, subject), encodeEntry(LARGEST_TOKEN, subject)];
  return Buffer.byteLength(content) + Buffer.byteLength(entry);
}
