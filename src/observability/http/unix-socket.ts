import { randomBytes } from 'node:crypto';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { lstat, rename, unlink } from '../../system/fs/files.ts';
import { makeFolder } from '../../system/fs/make-folder.ts';

/** Umask for the socket: from the first instant only the owner and the group may connect, since clients read tokens. */
const OTHERS = 0o117;

/**
 * Listens on a unix socket of mode 0660, and replaces a socket that a killed process left behind. The socket is
 * created under another name and then renamed: Node, when it closes a server, removes the file under the name it
 * knows, which by then may be another socket.
 * @returns removes the socket, if this process still owns it
 * @throws {Error} with code `EADDRINUSE` while another process listens there, `EEXIST` when `path` is not a socket
 */
export async function listenOnSocket(server: Server, path: string): Promise<() => Promise<void>> {
  await makeFolder(dirname(path));
  await refuseTaken(path);
  const made = join(dirname(path), `.${randomBytes(6).toString('hex')}`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is created synchronously within this call, so the umask affects nothing else.
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

/** Whether a process listens on the socket. It may be too busy to answer, so only a refused connection means no. */
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
