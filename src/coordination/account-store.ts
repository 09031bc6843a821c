import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EdgeError, PASSING } from '../core/failure.ts';
import type { AccountStore, Clock } from '../core/ports.ts';
import { writeAtomically } from '../system/atomic-write.ts';
import { fileFailure } from '../system/file-failure.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { fileLock } from './file-lock.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';

/** A record is less than a tenth of this; what is larger was not written by this program. */
const LARGEST = 256 * 1024;

/**
 * The record of one account in a file, with its lock beside it.
 * @param warn told once of each reason why a record cannot be used; the daemon goes on as if there were none
 */
export function accountStore(
  path: string,
  account: string,
  clock: Clock,
  warn: (message: string) => void,
): AccountStore {
  const lock = fileLock(path, clock);
  let complained: string | undefined;

  return {
    async read() {
      try {
        const record = decodeRecord(await readTrusted(path), account);
        complained = undefined;
        return record;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return undefined;
        if (message !== complained) warn(`ignoring ${path}: ${message}`);
        complained = message;
        return undefined;
      }
    },
    async write(record, lease) {
      let held: boolean;
      try {
        held = await writeAtomically(path, encodeRecord(record), { mode: 0o600 }, lease.held);
      } catch (error) {
        throw fileFailure('write', path, error);
      }
      if (!held) throw lockLost(path);
    },
    lock: lock.take,
  };
}

/**
 * Reads a file that decides what is published: a regular one, not a link to something else, and written by us, by
 * root, or by whoever owns the folder.
 */
async function readTrusted(path: string): Promise<string> {
  const { text, stat: found } = await readRegularFile(path, LARGEST);
  const trusted = [process.geteuid?.(), 0, (await stat(dirname(path))).uid];
  if (!trusted.includes(found.uid)) throw new Error(`written by another user (uid ${found.uid})`);
  return text;
}

function lockLost(path: string): EdgeError {
  const message = `another daemon has taken the lock of ${path}: it was held for too long`;
  return new EdgeError({ class: 'passing', code: 'lock-lost', message, effect: 'none', backoff: PASSING });
}
