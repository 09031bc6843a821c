import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { lock } from 'proper-lockfile';
import { EdgeError, failureOf } from '../core/failure.ts';
import type { Lease } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';

/** A holder that has not shown life for this long is taken over. */
const STALE = 10 * SECOND;

/** How often a holder shows life. */
const UPDATE = 2 * SECOND;

/**
 * Takes `PATH.lock`. The lock lowers the number of platform calls, nothing more: a frozen holder, a skewed clock or
 * a race for a stale lock can give it to two. What keeps them from harm is written in the record; the owner's nonce
 * in `PATH.owner` tells a holder that it has lost.
 * @returns undefined while another daemon holds it
 * @throws {EdgeError} `lock-unusable` when this file system or folder does not allow locks
 */
export async function takeLock(path: string): Promise<Lease | undefined> {
  const nonce = randomUUID();
  let lost = false;
  let unlock: () => Promise<void>;
  try {
    unlock = await lock(path, {
      // The record need not exist yet.
      realpath: false,
      stale: STALE,
      update: UPDATE,
      // Without a handler the library throws out of a timer.
      onCompromised: () => {
        lost = true;
      },
    });
    await writeFile(`${path}.owner`, nonce, { mode: 0o600 }).catch(async (error: unknown) => {
      await unlock();
      throw error;
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw unusable(path, error);
  }

  const held = async (): Promise<boolean> =>
    !lost && (await readFile(`${path}.owner`, 'utf8').catch(() => undefined)) === nonce;

  return {
    held,
    release: async () => {
      // Releasing a lost lock would take it from its new holder; the library finds out by itself and lets go.
      if (await held()) await unlock().catch(() => {});
    },
  };
}

function unusable(path: string, cause: unknown): EdgeError {
  const failure = failureOf(cause, 'unsent');
  const message = `cannot lock ${path}: ${failure.message}`;
  return new EdgeError({ ...failure, code: 'lock-unusable', message }, { cause });
}
