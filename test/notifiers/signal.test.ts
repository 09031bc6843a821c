import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNotifier } from '../../src/notifiers/index.ts';
import { isRoot, temporaryFolder } from '../system/folder.ts';
import { firstWord, kill } from '../system/program.ts';
import { aChange, failureOf, NEVER } from './hook.ts';

const execute = promisify(execFile);

/** Does nothing to whoever should not have got it. (CONT would do, but that one everybody of the session may send.) */
const HARMLESS = 'SIGWINCH';

async function aPidFile(content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder(), 'app.pid');
  await writeFile(path, content);
  return path;
}

/** How a notifier fails with a pid file of this content. */
async function failureWith(content: string | Buffer) {
  return failureAt(await aPidFile(content));
}

function failureAt(pidFile: string, signal: NodeJS.Signals = HARMLESS) {
  return failureOf(createNotifier({ type: 'signal', pidFile, signal }));
}

/** An app that ends at HUP, saying so. */
async function anApp(options: { readonly uid?: number } = {}) {
  const script = 'trap "echo heard; exit 7" HUP; echo ready; while :; do sleep 0.05; done';
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  onTestFinished(() => kill(child));
  await firstWord(child);
  return child;
}

describe('process named by a pid file', () => {
  it.each([
    ['with a newline', (pid: unknown) => `${pid}\n`],
    ['without one', (pid: unknown) => `${pid}`],
    ['as Windows would write it', (pid: unknown) => ` ${pid}\r\n`],
  ])('the process is signalled whatever newline follows the pid (%s)', async (_, content) => {
    const app = await anApp();
    const pidFile = await aPidFile(content(app.pid));
    const gone = once(app, 'exit');
    await createNotifier({ type: 'signal', pidFile, signal: 'SIGHUP' }).notify(aChange(), NEVER);
    expect(await gone).toEqual([7, null]);
  });

  it('the pid file is read anew for each signal, so a restarted app is reached', async () => {
    const first = await anApp();
    const second = await anApp();
    const pidFile = await aPidFile(`${first.pid}\n`);
    const notifier = createNotifier({ type: 'signal', pidFile, signal: 'SIGHUP' });
    await writeFile(pidFile, `${second.pid}\n`);
    const gone = once(second, 'exit');
    await notifier.notify(aChange(), NEVER);
    expect(await gone).toEqual([7, null]);
    expect(first.exitCode).toBe(null);
  });

  it('a process that has ended is reported as a passing failure', async () => {
    const app = await anApp();
    await kill(app);
    const failed = await failureWith(`${app.pid}\n`);
    expect(failed.failure).toMatchObject({ class: 'passing', code: 'ESRCH' });
    expect(failed.message).toContain(`cannot send ${HARMLESS} to ${app.pid}`);
    expect(failed.message).toContain('no such process');
    expect(failed.failure.advice).toContain('shareProcessNamespace');
  });

  it('a process that the daemon may not signal is reported with the remedy', async (ctx) => {
    if (!isRoot || !process.seteuid) return ctx.skip('only root can be two others');
    const app = await anApp({ uid: 65_533 });
    const pidFile = await aPidFile(`${app.pid}\n`);
    process.seteuid(65_534);
    const failed = await failureAt(pidFile).finally(() => process.seteuid?.(0));
    expect(failed.failure).toMatchObject({ class: 'refused', code: 'EPERM' });
    expect(failed.failure.advice).toContain('as the user of the app');
  });
});

describe('processes that are never signalled', () => {
  it.each(['0', '1', '-1', '-0', '-4711', '00', '01\n'])('a pid of %j is refused', async (content) => {
    const failed = await failureWith(content);
    expect(failed.failure).toMatchObject({ class: 'refused', code: 'refused-pid' });
    expect(failed.message).toMatch(/names the pid -?\d+$/);
  });

  it.each(['pid', '12 34', '12\n34', '0x10', '1e3', '12.5', '+12', '99999999999', '4294967297', '٣', '\0'])(
    'a pid file that holds the garbage %j is refused',
    async (content) => {
      const failed = await failureWith(content);
      expect(failed.failure).toMatchObject({ class: 'refused', code: 'refused-pid' });
    },
  );

  it('the daemon never signals itself', async () => {
    const failed = await failureWith(`${process.pid}\n`);
    expect(failed.failure).toMatchObject({ class: 'refused', code: 'refused-pid' });
    expect(failed.message).toContain('the daemon itself');
  });

  it('the daemon never signals itself by the number of one of its threads', async (ctx) => {
    const threads = await readdir('/proc/self/task').catch(() => []);
    const other = threads.find((thread) => Number(thread) !== process.pid);
    if (other === undefined) return ctx.skip('threads have no numbers here');
    expect((await failureWith(other)).message).toContain('the daemon itself');
  });

  it('the daemon never signals its parent process', async () => {
    const failed = await failureWith(`${process.ppid}\n`);
    expect(failed.failure).toMatchObject({ class: 'refused', code: 'refused-pid' });
    expect(failed.message).toContain('an ancestor of the daemon');
  });

  it('the daemon never signals the parent of its parent process', async (ctx) => {
    const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8').catch(() => '');
    const [, pid] = /^\d+ \(.*\) \S+ (\d+)/s.exec(stat) ?? [];
    if (Number(pid) <= 1 || pid === undefined) return ctx.skip('there is none that can be seen');
    expect((await failureWith(pid)).message).toContain('an ancestor of the daemon');
  });
});

describe('unusable pid files', () => {
  it('a missing pid file is a passing failure', async () => {
    for (const path of ['/nowhere/app.pid', '/dev/null/app.pid']) {
      const failed = await failureAt(path);
      expect(failed.failure).toMatchObject({ class: 'passing', code: 'no-pid-file' });
      expect(failed.message).toBe(`there is no pid file ${path}`);
    }
  });

  it.each(['', '\n', '  \n'])('an empty pid file (%j) is a passing failure', async (content) => {
    const failed = await failureWith(content);
    expect(failed.failure).toMatchObject({ class: 'passing', code: 'empty-pid-file' });
  });

  it('a pipe in place of a pid file does not block the daemon', async () => {
    const path = join(await temporaryFolder(), 'app.pid');
    await execute('mkfifo', [path]);
    const failed = await failureAt(path);
    expect(failed.message).toBe(`cannot read the pid file ${path}: not a regular file`);
    expect(failed.failure).toMatchObject({ class: 'refused', code: 'not-a-pid-file' });
  });

  it('a folder, symbolic link or device is refused as a pid file', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'real'), `${process.pid}`);
    await symlink('real', join(folder, 'link'));
    expect((await failureAt(join(folder, 'folder'))).message).toContain('not a regular file');
    expect((await failureAt(join(folder, 'link'))).message).toContain('it is a symbolic link');
    expect((await failureAt('/dev/zero')).message).toContain('not a regular file');
  });

  it('a pid file that is too large is refused', async () => {
    const failed = await failureWith(`${process.pid}${' '.repeat(1_000_000)}`);
    expect(failed.message).toContain('too large');
    expect(failed.failure.class).toBe('refused');
  });
});
