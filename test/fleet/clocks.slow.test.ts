import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import { TYPES, type Type, workbench } from '../e2e/workbench.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { fakeWallClock } from './clock.ts';
import { ticks } from './feedback.ts';

/** Lives of seconds: a stable token is replaced after about 5 s, an access token after about 20 s, of 30. */
const LIVES = { tokenTtl: 30, rotationWindow: 25, overlap: 20 };
const WINDOWS = { WXTOKEN_ROTATION_WINDOW: '25s', WXTOKEN_AHEAD: '10s' };

/** Longer than a stable token of {@link LIVES} is left alone, shorter than it lives, ms. */
const ASLEEP = 15_000;

/**
 * What happens to the wall clock of a running daemon, and how many calls it costs to be sure of a stable token again.
 * An access token is left alone in its first minute: another fetch could kill one that readers still hold.
 */
const STEPS = [
  { what: 'three hours forward', steps: ['+3h'], calls: 1 },
  { what: 'three hours back', steps: ['-3h'], calls: 0 },
  { what: 'two days forward and back again', steps: ['+2d', '+0'], calls: 1 },
  { what: 'back and forth by a minute', steps: ['-60', '+60', '-60', '+60'], calls: 0 },
] as const;

describe.concurrent('G2: clock changes and suspension', () => {
  it('a suspended daemon replaces its token with one call once it goes on', async ({ onTestFinished }) => {
    const bench = await workbench(onTestFinished, LIVES);
    const reader = startRestlessReader({ file: bench.file, url: bench.sandbox.url }, onTestFinished);
    const daemon = bench.run(WINDOWS);
    const first = await bench.newToken();
    daemon.signal('SIGSTOP');
    await delay(ASLEEP);
    expect(await bench.token()).toBe(first);
    daemon.signal('SIGCONT');
    await bench.newToken(first);

    const { bad, refused } = await reader.stop();
    expect({ bad, refused }).toEqual({ bad: [], refused: [] });
    expect(await bench.fetches()).toHaveLength(2);
  });

  it.for(TYPES)(
    'a wall clock set back three hours does not keep the %s from being replaced in time',
    async (type, context) => {
      const { bench, clock, reader, run } = await clocked(type, context, LIVES);
      run(WINDOWS);
      const first = await bench.newToken();
      await clock.set('-3h');
      await eventually(async () => (await bench.token()) !== first, {
        for: 'the next token',
      });

      const { bad, refused } = await reader.stop();
      expect({ bad, refused }).toEqual({ bad: [], refused: [] });
      expect(await bench.fetches()).toHaveLength(2);
    },
  );

  for (const { what, steps, calls } of STEPS) {
    it.for(TYPES)(
      `a wall clock set ${what} costs at most one call and no bad read of the %s`,
      async (type, context) => {
        const { bench, clock, reader, feedback, run } = await clocked(type, context);
        const daemon = run();
        await bench.newToken();
        for (const step of steps) {
          await clock.set(step);
          await ticks(feedback, 2);
        }
        await ticks(feedback, 3);
        daemon.signal('SIGTERM');
        expect(await daemon.exited).toEqual({ code: 0, signal: null });

        const { bad, refused } = await reader.stop();
        expect({ bad, refused }).toEqual({ bad: [], refused: [] });
        expect((await bench.fetches()).length - 1).toBe(type === 'stable-token' ? calls : 0);
      },
    );
  }

  for (const start of ['@1970-01-02 00:00:00', '@2001-01-01 00:00:00']) {
    it.for(TYPES)(
      `a clock corrected from ${start} costs at most one call and no bad read of the %s`,
      async (type, context) => {
        const { bench, clock, reader, feedback, run } = await clocked(type, context);
        await clock.set(start);
        const daemon = run();
        await bench.newToken();
        await ticks(feedback, 2);
        await clock.set('+0');
        await ticks(feedback, 4);
        const calls = (await bench.fetches()).length;
        expect(calls).toBeLessThanOrEqual(2);
        // What is known by now is good enough for the next daemon.
        daemon.signal('SIGTERM');
        expect(await daemon.exited).toEqual({ code: 0, signal: null });
        expect((await bench.once({ WXTOKEN_TYPE: type })).code).toBe(0);
        expect(await bench.fetches()).toHaveLength(calls);

        const { bad, refused } = await reader.stop();
        expect({ bad, refused }).toEqual({ bad: [], refused: [] });
      },
    );
  }
});

/** A daemon's surroundings with a clock that can be set, and a reader that calls with what it reads. */
async function clocked(type: Type, { onTestFinished, skip }: TestContext, lives = {}) {
  const bench = await workbench(onTestFinished, lives);
  const clock = await fakeWallClock(bench.folder, skip);
  const feedback = join(bench.folder, 'feedback');
  await mkdir(feedback);
  const reader = startRestlessReader({ file: bench.file, url: bench.sandbox.url }, onTestFinished);
  const run = (changes = {}) =>
    bench.run({ ...clock.env, WXTOKEN_TYPE: type, WXTOKEN_FEEDBACK_DIR: feedback, ...changes });
  return { bench, clock, reader, feedback, run };
}
