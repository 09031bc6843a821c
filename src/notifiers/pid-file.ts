import { readRegularFile } from '../system/read-regular-file.ts';
import { ownLine, threadGroup } from './ancestry.ts';
import { notifyFailure } from './notifier.ts';

/** Bytes. */
const LARGEST = 64;

/**
 * The process that a pid file names. Whoever writes the file must not be able to end the daemon or what it runs in, so
 * it is never pid 1, this process or an ancestor of it.
 * @throws {EdgeError} `no-pid-file` where there is none yet; what else is wrong with it
 */
export async function readPidFile(path: string): Promise<number> {
  const pid = parsePid(path, await contentOf(path));
  await refuseOwn(pid, path);
  return pid;
}

async function contentOf(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, LARGEST)).text;
  } catch (error) {
    const { code = 'not-a-pid-file', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw notifyFailure({
        code: 'no-pid-file',
        message: `there is no pid file ${path}`,
        advice: 'start the app, or name the file that it writes its pid into; the daemon must see its folder',
      });
    }
    const what = code === 'ELOOP' ? 'it is a symbolic link' : message;
    throw notifyFailure({
      class: 'refused',
      code,
      message: `cannot read the pid file ${path}: ${what}`,
      advice: 'name a small regular file that holds a pid and that the daemon may read',
    });
  }
}

function parsePid(path: string, text: string): number {
  const said = text.trim();
  if (said === '') {
    throw notifyFailure({
      code: 'empty-pid-file',
      message: `the pid file ${path} is empty`,
      advice: 'the app may just be writing it; if it stays so, the app does not write its pid',
    });
  }
  const pid = /^-?\d{1,10}$/.test(said) ? Number(said) : Number.NaN;
  if (pid > 1 && pid < 2 ** 31) return pid;
  throw notifyFailure({
    class: 'refused',
    code: 'refused-pid',
    message: `the pid file ${path} ${Number.isNaN(pid) ? 'holds no pid' : `names the pid ${pid}`}`,
    advice:
      'it must hold the number of one process, 2 or higher: 1 is the first process of a container, 0 and ' +
      'negative numbers are whole groups',
  });
}

async function refuseOwn(pid: number, path: string): Promise<void> {
  // Also the number of a thread reaches its process.
  const owner = await threadGroup(pid);
  if (!(await ownLine()).has(owner)) return;
  const what = owner === process.pid ? 'the daemon itself' : 'an ancestor of the daemon';
  throw notifyFailure({
    class: 'refused',
    code: 'refused-pid',
    message: `the pid file ${path} names ${pid}, which is ${what}`,
    advice: 'name the pid file of the app; the file may be left over from before a restart',
  });
}
