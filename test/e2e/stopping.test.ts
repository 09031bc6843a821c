import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { APP_SECRET, type Workbench, workbench } from './workbench.ts';

/** Node leaves with a code although a thread hangs where it can replace its own process; elsewhere it is killed. */
const UNWILLING = 'execve' in process ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' };

/** Has a thread of the daemon wait for ever, as for a name server or a network volume that does not answer. */
function hanging({ folder }: Workbench): Readonly<Record<string, string>> {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const hang = `import { open } from 'node:fs'; open(${JSON.stringify(fifo)}, 'r', () => {});`;
  return { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(hang)}"` };
}

describe.concurrent('stopping the daemon', () => {
  it('one TERM ends the daemon although a thread hangs', async ({ onTestFinished }) => {
    const bench = await workbench(onTestFinished);
    const daemon = bench.run(hanging(bench));
    await bench.newToken();
    daemon.signal('SIGTERM');

    expect(await daemon.exited).toEqual(UNWILLING);
    expect(daemon.log().at(-1)?.message).toMatch(/^stop/);
  });

  it('the daemon opens no debugger on SIGUSR1', async ({ onTestFinished }) => {
    const { run, newToken } = await workbench(onTestFinished);
    const daemon = run();
    await newToken();
    daemon.signal('SIGUSR1');
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    expect(daemon.stderr()).not.toContain('ebugger');
  });

  it('a second TERM ends the daemon although a thread hangs', async ({ onTestFinished }) => {
    const bench = await workbench(onTestFinished);
    const daemon = bench.run(hanging(bench));
    await bench.newToken();
    daemon.signal('SIGTERM');
    await daemon.logged(/^SIGTERM/);
    daemon.signal('SIGTERM');

    expect(await daemon.exited).toEqual(UNWILLING);
  });

  it('a second TERM ends the daemon with exit code 0 although a request hangs', async ({
    onTestFinished,
  }) => {
    const { sandbox, run, fetches } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'hang' }]);
    const daemon = run();
    await eventually(async () => (await fetches()).length === 1, { for: 'the first fetch' });
    daemon.signal('SIGTERM');
    await daemon.logged(/^SIGTERM/);
    daemon.signal('SIGTERM');

    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    expect(daemon.log().at(-1)?.message).toBe('SIGTERM: stopping');
  });

  it('the daemon survives a secret file that becomes a FIFO and stops normally', async ({
    onTestFinished,
  }) => {
    const { folder, run, newToken } = await workbench(onTestFinished);
    const secret = join(folder, 'own.secret');
    await writeFile(secret, APP_SECRET, { mode: 0o600 });
    const daemon = run({ WXTOKEN_SECRET_FILE: secret, WXTOKEN_TYPE: 'access-token' });
    const first = await newToken();
    await rm(secret);
    execFileSync('mkfifo', [secret]);
    daemon.signal('SIGHUP');
    await daemon.logged(({ code }) => code === 'secret-unusable');
    await rm(secret);
    await writeFile(secret, APP_SECRET, { mode: 0o600 });
    daemon.signal('SIGHUP');
    await newToken(first);
    daemon.signal('SIGTERM');

    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });
});
