import { dirname } from 'node:path';
import { decodePushedTicket, encodePushedTicket } from '../../codec/pushed-ticket.ts';
import type { TicketStore } from '../../core/ports.ts';
import { isNews, type PushedTicket, putTicket } from '../../core/pushed-ticket.ts';
import { type Attributes, writeAtomically } from '../../system/fs/atomic-write.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { isUnanswered } from '../../system/fs/files.ts';
import { type Access, makeFolderFor } from '../../system/fs/make-folder.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';

/** Bytes. What is kept is less than a tenth of this. */
const LARGEST = 16 * 1024;

/** The name of the file that keeps the pushed ticket of the account with that record file. */
export function pushedPath(record: string): string {
  return `${record}.pushed`;
}

export interface TicketFileOptions {
  readonly account: string;
  /** Who may use the folder: decides the mode and group of the file. */
  readonly access: Access;
  /** Called once for each reason why a kept ticket cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
}

/**
 * Keeps the newest pushed ticket of one account in the file `path`. No lock is needed: two daemons that write at one
 * moment have been pushed tickets of one moment, and the next push mends it.
 */
export function ticketFileStore(path: string, { account, access, warn }: TicketFileOptions): TicketStore {
  const attributes: Attributes = {
    mode: access.mode & 0o660,
    ...(access.gid !== undefined && { gid: access.gid }),
  };
  let complained: string | undefined;

  async function read(): Promise<PushedTicket | undefined> {
    try {
      const found = await readRegularFile(path, LARGEST);
      await checkWriter(path, found.stat, access.gid);
      const ticket = decodePushedTicket(found.text, account);
      complained = undefined;
      return ticket;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      if (isUnanswered(error)) throw fileFailure('read', path, error);
      if (message !== complained) warn(`ignoring ${path}: ${message}`);
      complained = message;
      return undefined;
    }
  }

  return {
    read,
    async put(ticket) {
      const known = await read();
      const wanted = putTicket(ticket, known);
      if ('leave' in wanted) return wanted.leave;
      let isNewest = true;
      const write = () =>
        writeAtomically(path, encodePushedTicket(ticket, account), attributes, async () => {
          const meanwhile = await read();
          isNewest = meanwhile === undefined || isNews(ticket, meanwhile);
          return isNewest;
        });
      try {
        await write().catch(async (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
          await makeFolderFor(dirname(path), access);
          await write();
        });
      } catch (error) {
        throw fileFailure('write', path, error);
      }
      return isNewest ? 'kept' : 'older';
    },
  };
}
