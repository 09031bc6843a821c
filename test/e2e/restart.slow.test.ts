import { watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf, filesIn } from '../support/files.ts';
import { startProcess } from '../support/program.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { APP_SECRET, ENDPOINT, sha256, TYPES, workbench } from './workbench.ts';

const ADOPTED = /^adopted a stored token/;

/** What a daemon says before it does anything, and when it is at rest: the moments at which it is killed. */
const MOMENTS = [/^started/, /^already up to date/];

describe.concurrent('G6: restarts', () => {
  it.for(TYPES)(
    'a restart from once to run reuses the %s and costs no call',
    async (type, { onTestFinished }) => {
      const { once, run, token, fetches } = await workbench(onTestFinished);
      const env = { WXTOKEN_TYPE: type };
      expect((await once(env)).code).toBe(0);
      const first = await token();
      expect((await once(env)).code).toBe(0);
      const daemon = run(env);
      await daemon.logged(ADOPTED);
      daemon.signal('SIGTERM');

      expect((await daemon.exited).code).toBe(0);
      expect(await token()).toBe(first);
      expect(await fetches()).toHaveLength(1);
    },
  );

  it('a restart publishes a removed file again and costs no call', async ({ onTestFinished }) => {
    const { once, token, file, fetches } = await workbench(onTestFinished);
    await once();
    const first = await token();
    const remove = startProcess('rm', [file, `${file}.json`], {}, onTestFinished);
    expect((await remove.exited).code).toBe(0);

    expect((await once()).code).toBe(0);
    expect(await token()).toBe(first);
    expect(await fetches()).toHaveLength(1);
  });

  it('ten kills in a row cost no call and leave no temporary file', async ({ onTestFinished }) => {
    const { sandbox, file, once, run, fetches, token } = await workbench(onTestFinished);
    await once();
    const first = await token();
    const reader = startRestlessReader({ file, url: sandbox.url }, onTestFinished);
    for (let turn = 0; turn < 10; turn += 1) {
      const daemon = run({ WXTOKEN_LOG_LEVEL: 'debug' });
      await daemon.logged(MOMENTS[turn % MOMENTS.length] ?? ADOPTED);
      daemon.signal('SIGKILL');
      expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' });
    }
    await run().logged(ADOPTED);

    expect(await token()).toBe(first);
    expect(await fetches()).toHaveLength(1);
    expect(await filesIn(dirname(file))).not.toContainEqual(expect.stringMatching(/\.tmp$/));
    const { bad, refused } = await reader.stop();
    expect({ bad, refused }).toEqual({ bad: [], refused: [] });
  });

  it('a restart after a kill during a fetch takes over the stale lock and fetches', async ({
    onTestFinished,
  }) => {
    const { sandbox, run, newToken, fetches } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'hang' }]);
    const daemon = run();
    await eventually(async () => (await fetches()).length > 0, { for: 'the request' });
    daemon.signal('SIGKILL');
    await daemon.exited;
    await sandbox.clearFaults();
    const next = run();
    // Until nobody shows life, the dead one's lock counts.
    await next.logged(({ message }) => message === 'published');

    expect(await newToken()).toMatch(/^\d+_/);
    expect(await fetches()).toHaveLength(2);
  });

  it('a restart with another AppID costs one call', async ({ onTestFinished }) => {
    const { sandbox, once, token, fetches } = await workbench(onTestFinished);
    await sandbox.addAccount({ appId: 'wx1111111111111111', secret: APP_SECRET });
    await once();
    const first = await token();
    const other = { WXTOKEN_APPID: 'wx1111111111111111' };
    expect((await once(other)).code).toBe(0);
    const second = await token();
    expect((await once(other)).code).toBe(0);

    expect(second).not.toBe(first);
    expect(await token()).toBe(second);
    expect((await fetches()).map(({ appId }) => appId)).toEqual(['wx0000000000000000', 'wx1111111111111111']);
  });

  it('a restart removes temporary files of a killed daemon but not of a living process', async ({
    onTestFinished,
  }) => {
    const { file, run, once, newToken } = await workbench(onTestFinished);
    const volume = dirname(file);
    await mkdir(volume);
    const names: string[] = [];
    const watcher = watch(volume, (_, name) => {
      if (name?.endsWith('.tmp')) names.push(name);
    });
    onTestFinished(async () => watcher.close());
    const killed = run();
    await newToken();
    killed.signal('SIGKILL');
    await killed.exited;

    // The very name that the killed daemon wrote under, and the same as of a process that is alive.
    const left = await eventually(() => names[0], { for: 'the name of a temporary file' });
    const others = left.replace(`-${killed.pid}-`, `-${process.pid}-`);
    expect(others).not.toBe(left);
    for (const name of [left, others]) await writeFile(join(volume, name), '99_half-a-tok');
    await once();

    const found = (await filesIn(volume))
      .map((path) => basename(path))
      .filter((name) => name.endsWith('.tmp'));
    expect(found).toEqual([others]);
  });
});

describe.concurrent('TERM and INT signals', () => {
  it.for(['SIGTERM', 'SIGINT'] as const)(
    '%s ends the daemon with exit code 0 although a request hangs',
    async (signal, { onTestFinished }) => {
      const { sandbox, run, token, fetches } = await workbench(onTestFinished);
      await sandbox.faults([{ kind: 'hang' }]);
      const daemon = run();
      await eventually(async () => (await fetches()).length > 0, { for: 'the request' });
      daemon.signal(signal);

      expect(await daemon.exited).toEqual({ code: 0, signal: null });
      expect(daemon.log().at(-1)?.message).toMatch(/^stopped/);
      expect(await token()).toBeUndefined();
    },
  );

  it.for(TYPES)(
    'the %s that is being fetched is still published after a TERM',
    async (type, { onTestFinished }) => {
      const { sandbox, run, token, fetches } = await workbench(onTestFinished);
      await sandbox.faults([{ kind: 'latency', ms: 1_500, path: ENDPOINT[type] }]);
      const daemon = run({ WXTOKEN_TYPE: type });
      await eventually(async () => (await fetches()).length > 0, { for: 'the request' });
      daemon.signal('SIGTERM');

      expect(await daemon.exited).toEqual({ code: 0, signal: null });
      const [call] = await fetches();
      expect(sha256((await token()) ?? '')).toBe(call?.tokenSha256);
    },
  );

  it.for([
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)(
    'a second signal (%s, then %s) ends the daemon at once',
    async ([first, second], { onTestFinished }) => {
      const { sandbox, run, fetches } = await workbench(onTestFinished);
      await sandbox.faults([{ kind: 'hang' }]);
      const daemon = run();
      await eventually(async () => (await fetches()).length > 0, { for: 'the request' });
      daemon.signal(first);
      await daemon.logged(/stopping$/);
      daemon.signal(second);

      expect(await daemon.exited).toEqual({ code: 0, signal: null });
      // It did not wait for the request, or it would have said so.
      expect(daemon.log().at(-1)?.message).toMatch(/stopping$/);
    },
  );

  it('a daemon stopped during a fetch leaves no lock that blocks the next one', async ({
    onTestFinished,
  }) => {
    const { sandbox, file, run, once, fetches } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'hang' }]);
    const daemon = run();
    await eventually(async () => (await fetches()).length > 0, { for: 'the request' });
    daemon.signal('SIGTERM');
    await daemon.exited;
    await sandbox.clearFaults();

    expect((await once()).code).toBe(0);
    expect(await contentOf(file)).toMatch(/^\d+_/);
  });
});
