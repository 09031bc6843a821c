import { mkdir, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TYPES, workbench } from '../e2e/workbench.ts';
import { startProcess, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { ticks } from './feedback.ts';
import { runRefresh, served, stateDirOf } from './refreshing.ts';

describe.concurrent('refresh ends with', () => {
  it('75 when no daemon takes it in time, and leaves nothing behind', async ({ onTestFinished }) => {
    const { daemon, refresh, requests, bench } = await served(onTestFinished);
    daemon.signal('SIGTERM');
    await daemon.exited;
    const done = await refresh(['--timeout', '1s']);

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(
      /^wx-token-sidecar: no daemon took the request within 1 s: is one running with this state folder\?\n$/,
    );
    expect(await requests()).toEqual([]);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('75 when the outcome does not come in time', async ({ onTestFinished }) => {
    const { bench, refresh, requests } = await served(onTestFinished);
    await bench.sandbox.faults([{ kind: 'hang' }]);
    const done = await refresh(['--timeout', '2s']);

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/no outcome within 2 s|it took too long/);
    expect(await requests()).toEqual([]);
  });

  it('75 when the platform is down, with what it answered', async ({ onTestFinished }) => {
    const { bench, refresh } = await served(onTestFinished);
    const first = await bench.token();
    await bench.sandbox.faults([{ kind: 'status', status: 503 }]);
    const done = await refresh();

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/^default: the platform answered HTTP 503/);
    expect(await bench.token()).toBe(first);
  });

  it.for(TYPES)(
    '75 when the budget of the %s is used up, without a call',
    async (type, { onTestFinished }) => {
      const { bench, refresh } = await served(onTestFinished, {
        WXTOKEN_TYPE: type,
        WXTOKEN_FETCHES_PER_DAY: '2',
      });
      const outcomes = [];
      for (let times = 0; times < 3; times += 1) outcomes.push(await refresh());
      const calls = (await bench.fetches()).length;

      expect(calls).toBeLessThanOrEqual(2);
      expect(outcomes.at(-1)).toMatchObject({ code: 75, stdout: '' });
      expect(outcomes.at(-1)?.stderr).toMatch(/^default: the budget of calls allows no fetch now/);
    },
  );

  it('75 and an ordinary call when a forced one is too soon or beyond the budget, which both say', async ({
    onTestFinished,
  }) => {
    const { bench, daemon, refresh } = await served(onTestFinished, { WXTOKEN_FORCED_PER_DAY: '1' });
    expect((await refresh(['--force'])).code).toBe(0);
    const again = await refresh(['--force']);
    expect(again).toMatchObject({ code: 75, stdout: '' });
    expect(again.stderr).toMatch(
      /^default: not forced, an ordinary call was made: .* within 30 s of another/,
    );

    expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, true, false]);
    expect(daemon.log()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringMatching(/ordinary call/) }),
    );
  });

  it('75 where no daemon has ever been, and creates nothing', async ({ onTestFinished }) => {
    const bench = await workbench(onTestFinished);
    const stateDir = join(bench.folder, 'nowhere');
    const done = await runRefresh(bench.env({ WXTOKEN_STATE_DIR: stateDir }), [], onTestFinished);

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/^wx-token-sidecar: no daemon has used the state folder .*nowhere yet\n$/);
    await expect(stat(stateDir)).rejects.toThrow('ENOENT');
  });

  it('75 when only a daemon of another account shares the state folder, which is left alone', async ({
    onTestFinished,
  }) => {
    const { bench, refresh } = await served(onTestFinished);
    const done = await refresh(['--force', '--timeout', '3s'], { WXTOKEN_APPID: 'wx0000000000000001' });

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/no daemon took the request/);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('75 for good: what the budget refused is not made up for later', async ({ onTestFinished }) => {
    const { bench, refresh, feedback } = await served(onTestFinished, { WXTOKEN_FETCHES_PER_DAY: '1' });
    expect(await refresh(['--force'])).toMatchObject({ code: 75 });
    await bench.sandbox.advance(3_600_000);
    await ticks(feedback, 3);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('77 when the secret is wrong, with what to do', async ({ onTestFinished }) => {
    const { bench, refresh } = await served(onTestFinished);
    const first = await bench.token();
    await bench.sandbox.account().patch({ secret: 'fedcba9876543210'.repeat(2) });
    const done = await refresh();

    expect(done).toMatchObject({ code: 77, stdout: '' });
    expect(done.stderr).toMatch(/^default: .*40125.*Put the new one from .* into the secret file/);
    expect(await bench.token()).toBe(first);
  });

  it.for([
    ['an unknown name', ['shop'], {}, /^wx-token-sidecar: shop: no such credential; there are: default\n$/],
    ['a timeout without a unit', ['--timeout', '30'], {}, /^wx-token-sidecar: --timeout: must be a duration/],
    ['a timeout that is none', ['--timeout', 'soon'], {}, /^wx-token-sidecar: --timeout: must be a duration/],
    ['an option that is none', ['--now'], {}, /^wx-token-sidecar: arguments: Unknown option '--now'/],
  ] as const)('78 for %s', async ([, args, changes, said], { onTestFinished }) => {
    const bench = await workbench(onTestFinished);
    const done = await runRefresh(bench.env(changes), args, onTestFinished);

    expect(done).toMatchObject({ code: 78, stdout: '' });
    expect(done.stderr).toMatch(said);
  });
});

describe.concurrent('a request for a refresh', () => {
  it('whose command was killed is served once, and is gone ten minutes later', async ({ onTestFinished }) => {
    const { bench, daemon, env, feedback, requests } = await served(onTestFinished, {
      WXTOKEN_TYPE: 'access-token',
    });
    daemon.signal('SIGSTOP');
    const command = startProgram(['refresh'], { env: bench.env(env) }, onTestFinished);
    const [name = ''] = await eventually(async () => {
      const left = (await requests()).filter((file) => file.endsWith('.request'));
      return left.length > 0 && left;
    });
    command.signal('SIGKILL');
    await command.exited;
    daemon.signal('SIGCONT');
    await bench.newToken(await bench.token());
    await eventually(async () => (await requests()).includes(name.replace('request', 'reply')), {
      for: 'a reply',
    });

    const folder = join(stateDirOf(bench), 'requests');
    const longAgo = new Date(Date.now() - 11 * 60_000);
    for (const file of await requests()) await utimes(join(folder, file), longAgo, longAgo);
    await eventually(async () => (await requests()).length === 0, { for: 'an empty folder' });
    await ticks(feedback, 1);
    expect(await bench.fetches()).toHaveLength(2);
  });

  it('that is none, or hostile, is not served and stops nothing', async ({ onTestFinished }) => {
    const { bench, daemon, refresh, requests } = await served(onTestFinished, {
      WXTOKEN_TYPE: 'access-token',
    });
    const folder = join(stateDirOf(bench), 'requests');
    const put = async (name: string, text: string, size = text.length) => {
      const draft = join(bench.folder, 'draft');
      await writeFile(draft, text);
      await truncate(draft, size);
      await rename(draft, join(folder, name));
    };
    await put('garbage.request', '{"names":');
    await put('array.request', '[]');
    await put('names.request', '{"names":"default","forced":true}');
    const strangers = ['shop', '__proto__', 'constructor'].map((name) => ({ name, account: name }));
    await put('stranger.request', JSON.stringify({ credentials: strangers, forced: true, patience: 1 }));
    await put('.request', '');
    await put('unheard-of', 'x');
    await put('huge.request', '', 3_000_000_000);
    await symlink('/dev/zero', join(folder, 'zero.request'));
    await symlink('/etc/passwd', join(folder, 'passwd.request'));
    await mkdir(join(folder, 'folder.request'));
    for (let pipe = 0; pipe < 8; pipe += 1) {
      const { exited } = startProcess('mkfifo', [join(folder, `pipe-${pipe}.request`)], {}, onTestFinished);
      expect((await exited).code).toBe(0);
    }
    const done = await refresh();

    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(await bench.fetches()).toHaveLength(2);
    expect((await requests()).filter((name) => /(taken|reply)$/.test(name))).toEqual([]);
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    await rm(folder, { recursive: true });
  });
});
