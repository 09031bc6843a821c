import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BUILT_PROGRAM, startProcess, startProgram } from '../support/program.ts';
import { runHere } from '../support/run-here.ts';
import { needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import { CORP } from './checking.ts';
import { APP_SECRET, workbench } from './workbench.ts';

/** The environment without what tells the AppSecret. */
function withoutSecret({ WXTOKEN_SECRET_FILE: _, ...env }: Readonly<Record<string, string>>) {
  return env;
}

describe('commands beside a daemon', () => {
  it('refresh and status need no AppSecret, which is the business of the daemon', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    bench.run();
    const first = await bench.newToken();
    for (const env of [
      withoutSecret(bench.env()),
      bench.env({ WXTOKEN_SECRET_FILE: '/nowhere/app.secret' }),
    ]) {
      const asked = startProgram(['refresh'], { env }, ctx.onTestFinished);
      expect(await asked.exited, asked.stderr()).toMatchObject({ code: 0 });
      expect((await runHere('status', [], env)).code).toBe(0);
    }
    expect(await bench.token()).toBeDefined();
    expect(first).toBeDefined();
  });

  it('refresh says that the AppSecret of a corp tells its app, where that cannot be read', async (ctx) => {
    const accounts = [{ appId: CORP, secret: APP_SECRET }];
    const bench = await workbench(ctx.onTestFinished, { accounts });
    const env = bench.env({
      WXTOKEN_APPID: CORP,
      WXTOKEN_TYPE: 'wecom',
      WXTOKEN_SECRET_FILE: '/nowhere/app.secret',
    });
    const asked = startProgram(['refresh'], { env }, ctx.onTestFinished);
    expect(await asked.exited).toMatchObject({ code: 78 });
    expect(asked.stderr()).toMatch(
      /^wx-token-sidecar: default: its AppSecret tells which app of wecom is meant: the secret file \/nowhere\/app\.secret cannot be read \(ENOENT\)\n$/,
    );
  });

  it('status and refresh say that a daemon is suspended, and how it goes on', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const daemon = bench.run();
    await bench.newToken();
    await eventually(async () =>
      (await runHere('status', [], bench.env())).stdout.includes(`pid ${daemon.pid}`),
    );
    daemon.signal('SIGSTOP');
    const expected = `the daemon, pid ${daemon.pid}, is suspended`;
    await eventually(async () => (await runHere('status', [], bench.env())).stdout.includes(expected));
    const asked = startProgram(['refresh', '--timeout', '1s'], { env: bench.env() }, ctx.onTestFinished);
    expect(await asked.exited).toMatchObject({ code: 75 });
    expect(asked.stderr()).toContain(expected);
    expect(asked.stderr()).toContain(`kill -CONT ${daemon.pid} lets it go on`);
    daemon.signal('SIGCONT');
    await eventually(async () =>
      /^as of .+, pid \d+$/m.test((await runHere('status', [], bench.env())).stdout),
    );
  });

  it('status knows a daemon whose volume lets nobody set modes, and what keeps it from publishing', async (ctx) => {
    await needsTool(ctx.skip, 'strace');
    const mayTrace = await promisify(execFile)('strace', ['-qq', '-e', 'trace=none', 'true']).then(
      () => true,
      () => false,
    );
    if (!mayTrace) return ctx.skip('this process may not trace its own');
    const bench = await workbench(ctx.onTestFinished);
    const calls = 'chmod,fchmod,fchmodat';
    const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EPERM`, '-o', '/dev/null'];
    // With this umask no file has its mode by itself. -D: the daemon is the child, not the tracer, so it is what ends with the test.
    const tracer = ['strace', '-D', '-f', '-qq', ...inject, process.execPath, BUILT_PROGRAM, 'run'];
    const args = ['-c', 'umask 077; exec "$@"', 'sh', ...tracer];
    startProcess('sh', args, { env: bench.env() }, ctx.onTestFinished);
    const told = await eventually(async () => {
      const { stdout } = await runHere('status', [], bench.env());
      // The first that it writes of itself may be from before its first attempt.
      return /^as of .+, pid \d+$/m.test(stdout) && /EPERM/.test(stdout) && stdout;
    });
    expect(told).not.toMatch(/no daemon/);
  });
});
