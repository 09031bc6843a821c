import { basename, join, sep } from 'node:path';
import { parseJson } from '../../codec/encoding.ts';
import type {
  AccountStore,
  Clock,
  CodeStore,
  PermanentCodeStore,
  TakeTurn,
  TicketStore,
} from '../../core/ports.ts';
import type { Text } from '../../core/text.ts';
import { DAY } from '../../core/time.ts';
import { sweepLeftovers } from '../../system/fs/atomic-write.ts';
import { fileProblem } from '../../system/fs/file-failure.ts';
import { constants, lstat, access as mayUse, readdir, unlink } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { type FolderWatch, watchFolder } from '../../system/fs/watch-folder.ts';
import { watchNames } from '../../system/fs/watch-names.ts';
import { accountStore, type FileStore, LARGEST_RECORD, RECORD_NAME } from './account-store.ts';
import { codeFiles, codesPath } from './code-store.ts';
import { movedStore } from './moved-store.ts';
import { permanentCodeStore, permanentCodesPath } from './permanent-code-store.ts';
import { REQUESTS } from './request-folder.ts';
import { ownerFile } from './stale-lock.ts';
import { pushedPath, ticketFileStore } from './ticket-store.ts';
import { folderTurns } from './turns.ts';

/** The folder in which daemons of one machine or one shared volume keep their records, locks and refresh requests. */
export interface StateFolder {
  /**
   * Creates the folder, by default for its owner alone, and removes what a crash left behind, locks included. Never
   * rejects.
   * @returns why the folder cannot be used; undefined when it can
   */
  prepare(): Promise<Text | undefined>;
  /**
   * Opens the record of one account: one file per account, whatever the credential is called.
   * @param account platform, type and appid, separated by slashes
   */
  open(account: string): AccountStore;
  /** Opens the newest pushed ticket of one account, which has a file of its own beside the record. */
  openTickets(account: string): TicketStore;
  /** Opens the codes that are pushed to a third party, each of which has a file of its own beside the record. */
  openCodes(account: string): CodeStore;
  /** Opens the permanent codes of the corps that have installed a suite, each of which has a file of its own beside the record. */
  openPermanentCodes(account: string): PermanentCodeStore;
  readonly takeTurn: TakeTurn;
  /**
   * Watches the folder. Events that get lost are made up for by reading the records at intervals.
   * @param changed called with the account of a record that another daemon may have written
   * @param requested called when a refresh request may have been left
   */
  watch(changed: (account: string) => void, requested: () => void): FolderWatch;
}

/**
 * @param access who may use the folder; no other user may read what is written there
 * @param warn called for a record that cannot be used; the daemon then goes on as if there were no record
 * @param elsewhere other state folders: a record that is missing here and lies there is taken along
 */
export function stateFolder(
  folder: string,
  access: Access,
  clock: Clock,
  warn: (message: string) => void,
  elsewhere: readonly string[] = [],
): StateFolder {
  const options = { access, clock, warn };
  const root = join(folder);
  /** By the paths of the records. */
  const opened = new Map<string, FileStore>();
  /** The accounts of pushed tickets, by the names of their files. */
  const pushed = new Map<string, string>();
  /** The accounts of third parties that are pushed codes, by what the names of the files of codes begin with. */
  const codes = new Map<string, string>();

  /** Joined from a list a path is one text; put together otherwise it would keep its parts, for each account. */
  function pathOf(name: string): string {
    return [root, name].join(sep);
  }

  /** Takes over and releases the locks that killed daemons of these accounts left behind. */
  async function sweepLocks(found: readonly string[]): Promise<void> {
    const names = new Set(found);
    for (const [path, store] of opened) {
      const name = basename(path);
      if (!names.has(`${name}.lock`) && !names.has(ownerFile(name))) continue;
      const lease = await store.lock('keep').catch(() => undefined);
      await lease?.release();
    }
  }

  return {
    async prepare() {
      try {
        await makeFolderFor(folder, access);
        await makeFolderFor(join(folder, REQUESTS), access);
        const names = await readdir(folder);
        await sweepLeftovers(folder, names);
        await sweepLocks(names);
        await removeExpiredRecords(folder, (name) => opened.has(pathOf(name)), clock.now().wall, names);
        await mayUse(folder, constants.R_OK | constants.W_OK | constants.X_OK);
        return undefined;
      } catch (error) {
        return fileProblem('use the state folder', folder, error);
      }
    },
    open(account) {
      const name = recordFile(account);
      const path = pathOf(name);
      const here = accountStore(path, account, options);
      const others = elsewhere.map((other) => accountStore(join(other, name), account, options));
      const store = others.length > 0 ? movedStore(here, others, warn) : here;
      opened.set(path, store);
      return store;
    },
    openTickets(account) {
      const name = pushedPath(recordFile(account));
      pushed.set(name, account);
      return ticketFileStore(join(folder, name), { account, access, warn });
    },
    openCodes(account) {
      const name = codesPath(recordFile(account));
      codes.set(name, account);
      return codeFiles(join(folder, name), { account, clock, access, warn });
    },
    openPermanentCodes(account) {
      const name = permanentCodesPath(recordFile(account));
      codes.set(name, account);
      const others = elsewhere.map((other) => join(other, name));
      return permanentCodeStore(join(folder, name), others, { account, clock, access, warn });
    },
    takeTurn: folderTurns(folder, access, clock),
    watch(changed, requested) {
      const records = watchNames(folder, (name) => {
        const pushedTo = pushed.get(name) ?? codes.get(name.replace(/[0-9a-f]*$/, ''));
        if (pushedTo !== undefined) changed(pushedTo);
        const store = opened.get(pathOf(name));
        // This daemon itself causes most of the events.
        if (store) void store.hasChanged().then((isNews) => isNews && changed(store.account));
      });
      const requests = watchFolder(join(folder, REQUESTS), requested);
      return {
        works: () => records.works() && requests.works(),
        close: async () => {
          await Promise.all([records.close(), requests.close()]);
        },
      };
    },
  };
}

/** `weixin.stable-token.wx0000000000000000.json` */
function recordFile(account: string): string {
  return `${account.replaceAll('/', '.').replaceAll(':', '_')}.json`;
}

/**
 * Age at which the record of an account that no daemon serves is removed, ms. A served record is written every two
 * hours, and nothing in a record matters after a day.
 */
const RECORD_EXPIRY = 7 * DAY;

/**
 * Removes the records of accounts that no daemon has served for a week, so that a folder in which accounts come and go
 * stays small.
 * @param isServed whether this daemon serves the record with that file name
 * @param wall the current time, epoch ms
 * @param listed the names in the folder, where they are known
 */
export async function removeExpiredRecords(
  folder: string,
  isServed: (name: string) => boolean,
  wall: number,
  listed?: readonly string[],
): Promise<void> {
  for (const name of listed ?? (await readdir(folder))) {
    if (!RECORD_NAME.test(name) || isServed(name)) continue;
    const path = join(folder, name);
    const stat = await lstat(path).catch(() => undefined);
    if (!stat?.isFile() || wall - stat.mtimeMs < RECORD_EXPIRY || !(await isRecord(path))) continue;
    await unlink(path).catch(() => {});
    await unlink(ownerFile(path)).catch(() => {});
  }
}

/** Whether a file is the record of the account that its name tells: a foreign file is never removed. */
async function isRecord(path: string): Promise<boolean> {
  try {
    const { text } = await readRegularFile(path, LARGEST_RECORD);
    const { account } = parseJson(text) as { readonly account?: unknown };
    const name = basename(path).replace(RECORD_NAME, '.json');
    return typeof account === 'string' && recordFile(account) === name;
  } catch {
    return false;
  }
}
