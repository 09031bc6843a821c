import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/** For the owner and the group, from the first instant: whoever connects reads tokens. */
const OTHERS = 0o117;

/**
 * Listens on a unix socket of mode 0660. What a killed process left at that path is removed first.
 * @throws {Error} `EADDRINUSE` while another process listens there, `EEXIST` when something else lies there
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await removeLeftover(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within this very call, so the mask counts for nothing else.
    const before = process.umask(OTHERS);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function removeLeftover(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) {
    throw Object.assign(new Error(`${path} is there already, and is no socket`), { code: 'EEXIST' });
  }
  // One that somebody listens on is found in use when we try to.
  if (!(await isAnswered(path))) await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(true));
    probe.once('error', () => resolve(false));
    probe.once('close', () => probe.destroy());
    probe.once('connect', () => probe.destroy());
  });
}
