import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256, TYPES, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { eventually } from '../support/wait.ts';
import { expectEverywhere, fleet, tell } from './fleet.ts';
import { runRefresh, served } from './refreshing.ts';

describe.concurrent('outcomes of the refresh command', () => {
  it('`refresh` publishes a new access-token and says so', async ({ onTestFinished }) => {
    const { bench, refresh, requests } = await served(onTestFinished, { WXTOKEN_TYPE: 'access-token' });
    const done = await refresh(['default']);

    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^default: a new token is published, valid for 7\d{3} s\n$/);
    const calls = await bench.fetches();
    expect(calls).toHaveLength(2);
    expect(sha256((await bench.token()) ?? '')).toBe(calls[1]?.tokenSha256);
    expect(await requests()).toEqual([]);
  });

  it('`refresh` gets the same stable-token again before it is due and says so', async ({
    onTestFinished,
  }) => {
    const { bench, refresh, requests } = await served(onTestFinished);
    const first = await bench.token();
    const done = await refresh();

    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(
      /^default: the platform returned the same token again, valid for 7\d{3} s\n$/,
    );
    expect(await bench.token()).toBe(first);
    expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, false]);
    expect(await requests()).toEqual([]);
  });

  it('`refresh --force` replaces a stable-token', async ({ onTestFinished }) => {
    const { bench, refresh } = await served(onTestFinished);
    const first = await bench.token();
    const done = await refresh(['--force']);

    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^default: a new token is published/);
    expect(await bench.token()).not.toBe(first);
    expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, true]);
  });

  it('`refresh --force` replaces a stable-token in Kubernetes without a chosen state folder', async ({
    onTestFinished,
  }) => {
    const bench = await workbench(onTestFinished);
    const inKubernetes = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    bench.run(inKubernetes);
    const first = await bench.newToken();
    const done = await runRefresh(bench.env(inKubernetes), ['--force'], onTestFinished);

    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(await bench.newToken(first)).toMatch(/^\d+_/);
    expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, true]);
  });

  it.for(TYPES)(
    '`refresh` makes one call and brings the %s to both daemons of a state folder',
    async (type, { onTestFinished }) => {
      const group = await fleet(onTestFinished, { type, size: 2 });
      const files = group.members.map(({ file }) => file);
      await eventually(async () => (await group.fetches()).length === 1);
      await expectEverywhere(files, (await group.fetches())[0]?.tokenSha256 ?? null);
      // So that an ordinary call brings another stable token as well.
      await group.sandbox.advance(6_950_000);
      const env = group.env({
        WXTOKEN_TYPE: type,
        WXTOKEN_STATE_DIR: group.stateDir,
        WXTOKEN_FILE: files[0] ?? '',
      });
      const done = await runRefresh(env, [], onTestFinished);

      expect(done).toMatchObject({ code: 0, stderr: '' });
      const calls = await group.fetches();
      expect(calls).toHaveLength(2);
      await expectEverywhere(files, calls[1]?.tokenSha256 ?? null);
      expect(await group.fetches()).toHaveLength(2);
    },
  );

  it.for(TYPES)(
    'ten `refresh` commands at once are all answered with at most three calls for the %s',
    async (type, { onTestFinished }) => {
      const { bench, env, refresh, requests } = await served(onTestFinished, { WXTOKEN_TYPE: type });
      // A slow platform: those that come while one is being served are served together.
      await bench.sandbox.faults([{ kind: 'latency', ms: 2_000 }]);
      const all = await Promise.all(Array.from({ length: 10 }, () => refresh(['--timeout', '45s'])));

      // Readers of an access-token get a minute after it was replaced: who asks later is told so.
      const late = all.filter(({ code, stderr }) => code === 75 && /has just replaced another/.test(stderr));
      expect(late.length).toBeLessThanOrEqual(type === 'access-token' ? 9 : 0);
      const answered = all.filter((one) => !late.includes(one));
      expect(answered.filter(({ code, stderr }) => code !== 0 || stderr !== '')).toEqual([]);
      const made = (await bench.fetches()).length - 1;
      tell(`${type}: ten refreshes at once cost ${made} calls`);
      expect(made).toBeLessThanOrEqual(3);
      expect(await requests()).toEqual([]);
      expect(sha256((await contentOf(join(bench.folder, 'volume', 'token'))) ?? '')).toBe(
        (await bench.fetches()).at(-1)?.tokenSha256,
      );
      expect(env['WXTOKEN_TYPE']).toBe(type);
    },
  );
});
