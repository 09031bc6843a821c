import { randomBytes } from 'node:crypto';
import { lstat, rename, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../system/fs/make-folder.ts';

/** For the owner and the group, from the first instant: whoever connects reads tokens. */
const OTHERS = 0o117;

/**
 * Listens on a unix socket of mode 0660, in the place of what a killed process left there. It is made under another name
 * and renamed: Node removes what lies under the name it knows when it closes a server, and by then that may be something
 * else.
 * @returns removes the socket, if it is still ours
 * @throws {Error} `EADDRINUSE` while another process listens there, `EEXIST` when something else lies there
 */
export async function listenOnSocket(server: Server, path: string): Promise<() => Promise<void>> {
  await makeFolder(dirname(path));
  await refuseTaken(path);
  const made = join(dirname(path), `.${randomBytes(6).toString('hex')}`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within this very call, so the mask counts for nothing else.
    const before = process.umask(OTHERS);
    try {
      server.listen(made, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
  const { ino, dev } = await lstat(made, { bigint: true });
  await rename(made, path);
  return async () => {
    const found = await lstat(path, { bigint: true }).catch(() => undefined);
    if (found?.ino === ino && found.dev === dev) await unlink(path);
  };
}

async function refuseTaken(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw failure('EEXIST', `${path} is there already, and is no socket`);
  if (await isTaken(path)) throw failure('EADDRINUSE', `another process listens on ${path}`);
}

/** A process that is too busy to answer is there as well: only a refusal says that there is none. */
function isTaken(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const settle = (taken: boolean) => {
      probe.destroy();
      resolve(taken);
    };
    probe.once('connect', () => settle(true));
    probe.once('error', ({ code }: NodeJS.ErrnoException) => settle(code !== 'ECONNREFUSED'));
  });
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
