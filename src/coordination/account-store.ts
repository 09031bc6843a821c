import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EdgeError, PASSING } from '../core/failure.ts';
import type { AccountStore, Clock } from '../core/ports.ts';
import { type Attributes, writeAtomically } from '../system/atomic-write.ts';
import { fileFailure } from '../system/file-failure.ts';
import type { Access } from '../system/make-folder.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { fileLock } from './file-lock.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';

/** A record is less than a tenth of this; what is larger was not written by this program. */
const LARGEST = 256 * 1024;

export interface AccountStoreOptions {
  readonly account: string;
  /** Who may use the folder. */
  readonly access: Access;
  readonly clock: Clock;
  /** Told once of each reason why a record cannot be used; the daemon goes on as if there were none. */
  readonly warn: (message: string) => void;
}

/** The record of one account in a file, with its lock beside it. */
export function accountStore(
  path: string,
  { account, access, clock, warn }: AccountStoreOptions,
): AccountStore {
  const attributes: Attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
  };
  const lock = fileLock(path, attributes.mode, clock);
  let complained: string | undefined;

  return {
    async read() {
      try {
        const record = decodeRecord(await readTrusted(path, access.gid), account);
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
        held = await writeAtomically(path, encodeRecord(record), attributes, lease.held);
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
 * root, by whoever owns the folder, or by a member of the group that shares it.
 */
async function readTrusted(path: string, gid: number | undefined): Promise<string> {
  const { text, stat: found } = await readRegularFile(path, LARGEST);
  const trusted = [process.geteuid?.(), 0, (await stat(dirname(path))).uid];
  if (!trusted.includes(found.uid) && found.gid !== gid)
    throw new Error(`written by another user (uid ${found.uid})`);
  return text;
}

function lockLost(path: string): EdgeError {
  const message = `another daemon has taken the lock of ${path}: it was held for too long`;
  return new EdgeError({ class: 'passing', code: 'lock-lost', message, effect: 'none', backoff: PASSING });
}
