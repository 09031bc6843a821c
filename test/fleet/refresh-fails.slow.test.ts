import { mkdir, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TYPES, workbench } from '../e2e/workbench.ts';
import { startProcess, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { ticks } from './feedback.ts';
import { runRefresh, served, stateDirOf } from './refreshing.ts';

describe.concurrent('failures of the refresh command', () => {
  it('`refresh` exits with 75 and leaves no file behind when no daemon takes its request', async ({
    onTestFinished,
  }) => {
    const { daemon, refresh, requests, bench } = await served(onTestFinished);
    daemon.signal('SIGTERM');
    await daemon.exited;
    const done = await refresh(['--timeout', '1s']);

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(
      /^wx-token-sidecar: no daemon took the request within 1 s: no daemon runs: as of .+ ago, when pid \d+ stopped\n$/,
    );
    expect(await requests()).toEqual([]);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('`refresh` exits with 75 when no outcome comes in time', async ({ onTestFinished }) => {
    const { bench, refresh, requests } = await served(onTestFinished);
    await bench.sandbox.faults([{ kind: 'hang' }]);
    const done = await refresh(['--timeout', '2s']);

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/no outcome within 2 s|timed out/);
    expect(await requests()).toEqual([]);
  });

  it('`refresh` exits with 75 and tells the HTTP status when the platform is down', async ({
    onTestFinished,
  }) => {
    const { bench, refresh } = await served(onTestFinished);
    const first = await bench.token();
    await bench.sandbox.faults([{ kind: 'status', status: 503 }]);
    const done = await refresh();

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/^default: the platform answered HTTP 503/);
    expect(await bench.token()).toBe(first);
  });

  it.for(TYPES)(
    '`refresh` exits with 75 without a call when the budget of the %s is used up',
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
      expect(outcomes.at(-1)?.stderr).toMatch(/^default: call budget exhausted: no fetch is allowed now/);
    },
  );

  it('`refresh --force` too soon after another exits with 75 and makes an ordinary call', async ({
    onTestFinished,
  }) => {
    const { bench, daemon, refresh } = await served(onTestFinished, { WXTOKEN_FORCED_PER_DAY: '1' });
    expect((await refresh(['--force'])).code).toBe(0);
    const again = await refresh(['--force']);
    expect(again).toMatchObject({ code: 75, stdout: '' });
    expect(again.stderr).toMatch(
      /^default: not forced, downgraded to an ordinary call: .* within 30 s of another/,
    );

    expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, true, false]);
    expect(daemon.log()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringMatching(/ordinary call/) }),
    );
  });

  it('`refresh` exits with 75 and creates nothing where no daemon has ever run', async ({
    onTestFinished,
  }) => {
    const bench = await workbench(onTestFinished);
    const stateDir = join(bench.folder, 'nowhere');
    const done = await runRefresh(bench.env({ WXTOKEN_STATE_DIR: stateDir }), [], onTestFinished);

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/^wx-token-sidecar: no daemon has used the state folder .*nowhere yet\n$/);
    await expect(stat(stateDir)).rejects.toThrow('ENOENT');
  });

  it('`refresh` exits with 75 when only a daemon of another account uses the state folder', async ({
    onTestFinished,
  }) => {
    const { bench, refresh } = await served(onTestFinished);
    const done = await refresh(['--force', '--timeout', '3s'], { WXTOKEN_APPID: 'wx0000000000000001' });

    expect(done).toMatchObject({ code: 75, stdout: '' });
    expect(done.stderr).toMatch(/no daemon took the request/);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('a `refresh` that the budget refused is not made up for later', async ({ onTestFinished }) => {
    const { bench, refresh, feedback } = await served(onTestFinished, { WXTOKEN_FETCHES_PER_DAY: '1' });
    expect(await refresh(['--force'])).toMatchObject({ code: 75 });
    await bench.sandbox.advance(3_600_000);
    await ticks(feedback, 3);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('`refresh` exits with 77 and says what to do when the AppSecret is wrong', async ({
    onTestFinished,
  }) => {
    const { bench, refresh } = await served(onTestFinished);
    const first = await bench.token();
    await bench.sandbox.account().patch({ secret: 'fedcba9876543210'.repeat(2) });
    const done = await refresh();

    expect(done).toMatchObject({ code: 77, stdout: '' });
    expect(done.stderr).toMatch(/^default: .*40125.*Put the new one from .* into the secret file/);
    expect(await bench.token()).toBe(first);
  });

  it.for([
    [
      'an unknown credential',
      ['shop'],
      {},
      /^wx-token-sidecar: shop: no such credential; there are: default\n$/,
    ],
    ['a timeout without a unit', ['--timeout', '30'], {}, /^wx-token-sidecar: --timeout: must be a duration/],
    [
      'a timeout that is no duration',
      ['--timeout', 'soon'],
      {},
      /^wx-token-sidecar: --timeout: must be a duration/,
    ],
    ['an unknown option', ['--now'], {}, /^wx-token-sidecar: arguments: Unknown option '--now'/],
  ] as const)('`refresh` exits with 78 for %s', async ([, args, changes, said], { onTestFinished }) => {
    const bench = await workbench(onTestFinished);
    const done = await runRefresh(bench.env(changes), args, onTestFinished);

    expect(done).toMatchObject({ code: 78, stdout: '' });
    expect(done.stderr).toMatch(said);
  });
});

describe.concurrent('request files', () => {
  it('a request whose `refresh` was killed is served once and removed after ten minutes', async ({
    onTestFinished,
  }) => {
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

  it('invalid or hostile request files are not served and do not block a valid request', async ({
    onTestFinished,
  }) => {
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
