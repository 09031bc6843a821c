import { access, chmod, constants, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccountStore } from '../core/ports.ts';
import { sweepLeftovers, writeAtomically } from '../system/atomic-write.ts';
import { fileFailure } from '../system/file-failure.ts';
import { takeLock } from './file-lock.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';

export interface StateFolder {
  /**
   * Creates the folder for its owner alone and removes what a crash left behind.
   * @returns why it cannot be used; undefined when it can
   */
  prepare(): Promise<string | undefined>;
  /**
   * The record of one account, one file whatever the credential is called.
   * @param account platform, type and appid, separated by slashes
   */
  open(account: string): AccountStore;
}

/** @param warn told of a record that cannot be used; the daemon goes on as if there were none */
export function stateFolder(folder: string, warn: (message: string) => void): StateFolder {
  return {
    async prepare() {
      try {
        const created = await mkdir(folder, { recursive: true });
        if (created !== undefined) await chmod(folder, 0o700);
        await sweepLeftovers(folder);
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
        return undefined;
      } catch (error) {
        const { message, advice } = fileFailure('use the state folder', folder, error).failure;
        return advice ? `${message}; ${advice}` : message;
      }
    },
    open: (account) => accountStore(folder, account, warn),
  };
}

function accountStore(folder: string, account: string, warn: (message: string) => void): AccountStore {
  const path = join(folder, `${account.replaceAll('/', '.').replaceAll(':', '_')}.json`);
  let complained: string | undefined;

  function complain(why: string): undefined {
    if (why !== complained) warn(`ignoring ${path}: ${why}`);
    complained = why;
  }

  return {
    async read() {
      try {
        const record = decodeRecord(await readFile(path, 'utf8'), account);
        complained = undefined;
        return record;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === 'ENOENT' ? undefined : complain(message);
      }
    },
    async write(record) {
      try {
        await writeAtomically(path, encodeRecord(record), { mode: 0o600 });
      } catch (error) {
        throw fileFailure('write', path, error);
      }
    },
    lock: () => takeLock(path),
  };
}
