import { encodeEntry, LARGEST_TOKEN, type Subject } from '../codec/details.ts';
import { type FormatName, formats } from './formats.ts';

/** Bytes of all values of a Secret together: what an API server takes. */
const LARGEST_SECRET = 1024 * 1024;

/**
 * How much of each Secret the targets of this daemon take. What is no longer published stays in the Secret, so nothing
 * is ever given back.
 */
export interface SecretSpace {
  /** @param key one for each target */
  reserve(secret: SecretName, key: string, bytes: number): void;
  /** Why there is not enough, a line for the target at which it ends. */
  problems(secret: SecretName, key: string): readonly string[];
}

interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

export function createSecretSpace(largest = LARGEST_SECRET): SecretSpace {
  const reserved = new Map<string, Map<string, number>>();
  const nameOf = ({ namespace, name }: SecretName) => `${namespace}/${name}`;

  return {
    reserve(secret, key, bytes) {
      const keys = reserved.get(nameOf(secret)) ?? new Map<string, number>();
      reserved.set(nameOf(secret), keys.set(key, bytes));
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
      return [
        `the Secret ${nameOf(secret)} would be larger than the ${largest / 1024} KiB that one can hold: ` +
          'publish some of the credentials to another one',
      ];
    },
  };
}

/** Bytes that a target takes with a token of the greatest usual length. */
export function spaceOf(format: FormatName, subject: Subject): number {
  const [content, entry] = [formats[format](LARGEST_TOKEN, subject), encodeEntry(LARGEST_TOKEN, subject)];
  return Buffer.byteLength(content) + Buffer.byteLength(entry);
}
