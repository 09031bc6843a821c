import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Program, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { ENDPOINT, sha256, TYPES, workbench } from './workbench.ts';

const RECEIVED = /^HUP/;

describe.concurrent('HUP signals', () => {
  it('a HUP forces a stable token, and another within 30 s warns and does not force', async ({
    onTestFinished,
  }) => {
    const { run, fetches, newToken } = await workbench(onTestFinished);
    const daemon = run();
    const first = await newToken();
    daemon.signal('SIGHUP');
    const second = await newToken(first);
    daemon.signal('SIGHUP');
    const warning = await daemon.logged(({ message }) => message.includes('30 s'));

    expect(warning).toMatchObject({ level: 'warn', credential: 'default' });
    await daemon.logged(/^the platform returned the same token/);
    expect((await fetches()).map(({ force }) => force)).toEqual([false, true, false]);
    expect(await newToken()).toBe(second);
  });

  it('a HUP fetches exactly one new access token', async ({ onTestFinished }) => {
    const { run, fetches, newToken } = await workbench(onTestFinished);
    const daemon = run({ WXTOKEN_TYPE: 'access-token' });
    const first = await newToken();
    daemon.signal('SIGHUP');
    const second = await newToken(first);
    await end(daemon);

    const calls = await fetches();
    expect(calls.map(({ tokenSha256 }) => tokenSha256)).toEqual([sha256(first), sha256(second)]);
  });

  it.for(TYPES)(
    'twenty HUPs during a slow refresh of the %s cause at most one more fetch',
    async (type, { onTestFinished }) => {
      const { sandbox, run, fetches, newToken } = await workbench(onTestFinished);
      // As long as the time limit of a call allows: all signals have to come before it ends.
      await sandbox.faults([{ kind: 'latency', ms: 8_000, path: ENDPOINT[type], times: 1 }]);
      const daemon = run({ WXTOKEN_TYPE: type });
      await eventually(async () => (await fetches()).length > 0, { for: 'the slow refresh' });
      for (let sent = 1; sent <= 20; sent += 1) {
        daemon.signal('SIGHUP');
        // One by one: signals that arrive together are one anyway.
        await eventually(() => received(daemon) >= sent, { for: `HUP number ${sent}` });
      }
      expect(await fetches()).toHaveLength(1);
      await newToken();
      // What the signals ask for besides begins with the end of the slow one.
      if (type === 'stable-token') {
        await eventually(async () => (await fetches()).length > 1, { for: 'the forced refresh' });
      }
      await end(daemon);

      const more = (await fetches()).length - 1;
      expect(more).toBeLessThanOrEqual(1);
      // A forced one has not happened yet, a fetch has: the one that was under way.
      expect(more).toBe(type === 'stable-token' ? 1 : 0);
    },
  );

  it.for(TYPES)(
    'two hundred HUPs within 0.2 s cost two calls of a %s at most',
    async (type, { onTestFinished }) => {
      const { run, fetches, newToken } = await workbench(onTestFinished);
      const daemon = run({ WXTOKEN_TYPE: type });
      const first = await newToken();
      daemon.signal('SIGHUP');
      await newToken(first);
      const before = (await fetches()).length;
      for (let sent = 0; sent < 200; sent += 1) {
        daemon.signal('SIGHUP');
        await new Promise(setImmediate);
      }
      if (type === 'access-token') {
        expect(await daemon.logged(/^refresh postponed/)).toMatchObject({
          level: 'warn',
          credential: 'default',
        });
      } else await daemon.logged(/^the platform returned the same token/);
      await end(daemon);
      const calls = (await fetches()).length - before;
      expect(calls).toBeLessThanOrEqual(type === 'access-token' ? 0 : 2);
    },
  );

  it('a HUP after a replaced access-token waits over a restart, and refresh and status say for how long', async ({
    onTestFinished,
  }) => {
    const { run, env, newToken, fetches } = await workbench(onTestFinished);
    const settings = { WXTOKEN_TYPE: 'access-token' };
    const command = async (...args: readonly string[]) => {
      const program = startProgram(args, { env: env(settings) }, onTestFinished);
      const { code } = await program.exited;
      return { code, stdout: program.stdout(), stderr: program.stderr() };
    };
    const before = run(settings);
    const first = await newToken();
    before.signal('SIGHUP');
    const second = await newToken(first);
    await end(before);
    const daemon = run(settings);
    await daemon.logged(/^adopted a stored token/);
    daemon.signal('SIGHUP');
    await daemon.logged(/^refresh postponed: .* it is fetched in \d/);
    const refused = await command('refresh');
    expect(refused).toMatchObject({ code: 75, stderr: expect.stringMatching(/possible in \d+ s/) });
    await eventually(async () => /readers/.test((await command('status')).stdout), { for: 'status' });
    expect(await newToken()).toBe(second);
    const forced = await command('refresh', '--force');
    expect(forced).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/warning: .* too early for readers/),
    });
    await daemon.logged(/^refresh --force within a minute/);
    await end(daemon);
    expect(await fetches()).toHaveLength(3);
  });

  it('a HUP with onHangup: retry forces nothing', async ({ onTestFinished }) => {
    const { run, fetches, newToken } = await workbench(onTestFinished);
    const daemon = run({ WXTOKEN_ON_HUP: 'retry' });
    const first = await newToken();
    daemon.signal('SIGHUP');
    await daemon.logged(/^the platform returned the same token/);
    expect((await fetches()).map(({ force }) => force)).toEqual([false, false]);
    expect(await newToken()).toBe(first);
  });

  it('a reload that changes onHangup changes what the next HUP does, in both directions', async ({
    onTestFinished,
  }) => {
    const { folder, run, fetches, newToken } = await workbench(onTestFinished);
    const config = join(folder, 'hangup.json');
    const configure = async (onHangup: string) => {
      await writeFile(`${config}.new`, JSON.stringify({ onHangup }));
      await rename(`${config}.new`, config);
    };
    await configure('refresh');
    const daemon = run({ WXTOKEN_CONFIG: config });
    const first = await newToken();
    const reloads = () => daemon.log().filter(({ message }) => message === 'configuration reloaded').length;
    const reconfigure = async (onHangup: string) => {
      const before = reloads();
      await configure(onHangup);
      await eventually(() => reloads() > before, { for: 'the reload' });
      daemon.signal('SIGHUP');
    };
    await reconfigure('retry');
    await daemon.logged(/^the platform returned the same token/);
    expect((await fetches()).map(({ force }) => force)).toEqual([false, false]);
    expect(await newToken()).toBe(first);
    await reconfigure('refresh');
    await newToken(first);
    expect((await fetches()).map(({ force }) => force)).toEqual([false, false, true]);
  });

  it('a HUP during a backoff makes the daemon fetch at once', async ({ onTestFinished }) => {
    const { sandbox, run, fetches, newToken } = await workbench(onTestFinished);
    // The allowance of the day is used up: by itself the daemon would not ask again for a long time.
    await sandbox.faults([{ kind: 'errcode', errcode: 45009, times: 1 }]);
    const daemon = run();
    await daemon.logged(({ errcode }) => errcode === 45009);
    daemon.signal('SIGHUP');
    await newToken();

    expect((await fetches()).map(({ errcode }) => errcode)).toEqual([45009, 0]);
  });

  it('a HUP in Kubernetes without a chosen state folder does not force a stable token', async ({
    onTestFinished,
  }) => {
    const { run, fetches, newToken } = await workbench(onTestFinished);
    const daemon = run({ KUBERNETES_SERVICE_HOST: '10.0.0.1' });
    await newToken();
    daemon.signal('SIGHUP');
    const line = await daemon.logged(({ message }) => message.includes('refresh --force'));

    expect(line).toMatchObject({ credential: 'default' });
    await daemon.logged(/^the platform returned the same token/);
    expect((await fetches()).map(({ force }) => force)).toEqual([false, false]);
  });

  it('a HUP in Kubernetes with a chosen state folder forces a stable token', async ({ onTestFinished }) => {
    const { folder, run, fetches, newToken } = await workbench(onTestFinished);
    const daemon = run({ KUBERNETES_SERVICE_HOST: '10.0.0.1', WXTOKEN_STATE_DIR: `${folder}/shared` });
    const first = await newToken();
    daemon.signal('SIGHUP');
    await newToken(first);

    expect((await fetches()).map(({ force }) => force)).toEqual([false, true]);
  });
});

function received(daemon: Program): number {
  return daemon.log().filter(({ message }) => RECEIVED.test(message)).length;
}

async function end(daemon: Program): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
}
