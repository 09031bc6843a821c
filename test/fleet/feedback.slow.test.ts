import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { sha256, TYPES, type Type, type Workbench, workbench } from '../e2e/workbench.ts';
import type { Environment, Program } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { report, taken, ticks } from './feedback.ts';
import { tell } from './fleet.ts';

/** The cheapest call there is: the daemon's way to ask whether a token works. */
const PROBE = '/cgi-bin/getcallbackip';

/** How a reader may name a token; each is understood before the type of the token matters. */
const FORMS: Readonly<Record<string, (token: string) => string>> = {
  'the token': (token) => token,
  'the token and a newline': (token) => `${token}\n`,
  'its SHA-256': sha256,
  'its SHA-256 in capitals and a newline': (token) => `${sha256(token).toUpperCase()}\r\n`,
};

describe.concurrent('feedback about refused tokens', () => {
  for (const [form, write] of Object.entries(FORMS)) {
    it.for(form === 'the token' ? TYPES : TYPES.slice(0, 1))(
      `a report of the current %s, written as ${form}, costs one ordinary call`,
      async (type, context) => {
        const { bench, folder, daemon, first } = await listening(context, type);
        await report(folder, write(first));
        await taken(folder);
        await followedUp(daemon, type);
        await ticks(folder, 2);

        expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, false]);
        expect(await bench.sandbox.calls(PROBE)).toBe(type === 'stable-token' ? 1 : 0);
        if (type === 'access-token') await bench.newToken(first);
        else expect(await bench.token()).toBe(first);
      },
    );
  }

  it.for(TYPES)('a report of a replaced %s costs no call and is logged', async (type, context) => {
    const { bench, folder, daemon, first } = await listening(context, type);
    daemon.signal('SIGHUP');
    await bench.newToken(first);
    await report(folder, sha256(first));
    await daemon.logged(/a reader reported a token that is not the current one/);
    await ticks(folder, 2);

    expect(await bench.fetches()).toHaveLength(2);
    expect(await bench.sandbox.calls(PROBE)).toBe(0);
  });

  it.for(TYPES)('five hundred reports of the current %s at once cost one call', async (type, context) => {
    const { bench, folder, daemon, first } = await listening(context, type);
    // All at the same moment: the folder comes into being with everything in it.
    const storm = `${folder}.storm`;
    await mkdir(storm);
    await Promise.all(Array.from({ length: 500 }, () => report(storm, first)));
    await rmdir(folder);
    await rename(storm, folder);
    await taken(folder);
    await followedUp(daemon, type);
    await ticks(folder, 2);

    expect(await bench.fetches()).toHaveLength(2);
    expect(await bench.sandbox.calls(PROBE)).toBeLessThanOrEqual(1);
  });

  it.for(TYPES)(
    'ten reports in a row, each of the current %s, cost at most two calls',
    async (type, context) => {
      const { bench, folder, daemon } = await listening(context, type);
      for (let reports = 0; reports < 10; reports += 1) {
        await report(folder, (await bench.token()) ?? '');
        await taken(folder);
      }
      await ticks(folder, 2);

      const calls = await bench.fetches();
      const lines = daemon.log().filter(({ level }) => level === 'warn' || level === 'error');
      tell(
        `${type}: ten reports of the current token cost ${calls.length - 1} calls and ${lines.length} lines`,
      );
      expect(calls.length - 1).toBeLessThanOrEqual(2);
      expect(lines.length).toBeLessThanOrEqual(4);
      if (type === 'access-token') {
        expect(lines).toContainEqual(
          expect.objectContaining({
            level: 'error',
            advice: expect.stringMatching(/^another process is fetching for this appid.*stable-token/),
          }),
        );
      }
    },
  );

  it('a report of a stable-token that the platform has killed brings a new one unforced', async (context) => {
    const { bench, folder, first } = await listening(context, 'stable-token');
    await bench.sandbox.account().patch({ killTokens: true });
    await report(folder, first);
    await bench.newToken(first);

    expect((await bench.fetches()).map(({ force }) => force)).toEqual([false, false]);
  });

  it('a dead stable-token that the platform hands out again is forced only where that is allowed', async (context) => {
    for (const allowed of [false, true]) {
      const { bench, folder, daemon, first } = await listening(context, 'stable-token', {
        WXTOKEN_ALLOW_FORCE: String(allowed),
      });
      await bench.sandbox.faults([{ kind: 'errcode', errcode: 40001, path: PROBE, times: 1 }]);
      await report(folder, first);
      const line = await daemon.logged(/^the platform refuses the token/);

      expect(line).toMatchObject({ level: 'error', advice: expect.stringMatching(/refresh --force/) });
      if (allowed) await bench.newToken(first);
      await ticks(folder, 2);
      expect((await bench.fetches()).map(({ force }) => force)).toEqual(
        allowed ? [false, false, true] : [false, false],
      );
    }
  });
});

/** A token that comes back is tried, and works. */
async function followedUp(daemon: Program, type: Type): Promise<void> {
  await daemon.logged(({ reason }) => reason === 'refused');
  if (type === 'stable-token') await daemon.logged(/^the platform accepts the token/);
}

/** A daemon with a token that takes reports from a folder. */
async function listening(
  { onTestFinished }: TestContext,
  type: Type,
  changes: Environment = {},
): Promise<{ bench: Workbench; folder: string; daemon: Program; first: string }> {
  const bench = await workbench(onTestFinished);
  const folder = join(bench.folder, 'feedback');
  await mkdir(folder);
  // After a token that came back the platform is left alone for a twentieth of the window.
  const env = { WXTOKEN_TYPE: type, WXTOKEN_FEEDBACK_DIR: folder, WXTOKEN_ROTATION_WINDOW: '20s' };
  const daemon = bench.run({ ...env, ...changes });
  const first = await bench.newToken();
  await eventually(async () => (await bench.fetches()).length === 1);
  return { bench, folder, daemon, first };
}
