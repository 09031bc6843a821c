import { describe, expect, it } from 'vitest';
import { TYPES } from '../e2e/workbench.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import {
  expectEverywhere,
  expectForwardOnly,
  fleet,
  type History,
  tell,
  watchFile,
  watchRecord,
} from './fleet.ts';

/**
 * Lives of seconds. A stable token is replaced after about 5 s, when the platform has been ready for a second, and works
 * for 11 s more; an access token after about 12 s, and works for 6 s more: that much a busy machine may be late.
 */
const LIVES = {
  'stable-token': { rules: { tokenTtl: 16, rotationWindow: 12 }, env: { WXTOKEN_ROTATION_WINDOW: '11s' } },
  'access-token': { rules: { tokenTtl: 18, overlap: 12 }, env: { WXTOKEN_AHEAD: '6s' } },
};

/** No two calls of one account come closer than this, ms: the shortest time until a fresh token is due is 3.5 s. */
const CLOSEST = 2_500;

describe.concurrent('G5: rotation on a shared state folder', () => {
  it.for(TYPES)(
    'four daemons, one of which restarts, make the calls of one and publish no older %s',
    async (type, { onTestFinished }) => {
      const group = await fleet(onTestFinished, { type, ...LIVES[type] });
      const { members, journal, sandbox } = group;
      const files = members.map(({ file }) => file);
      const histories = files.map((file) => watchFile(file, onTestFinished));
      // The calls of two readers are load enough; the others read all the same.
      const readers = files.map((file, index) =>
        startRestlessReader({ file, ...(index < 2 && { url: sandbox.url }) }, onTestFinished),
      );
      const record = await watchRecord(group, onTestFinished);

      await rotations(group, 1);
      const [leaver] = members;
      leaver?.signal('SIGTERM');
      expect(await leaver?.exited).toEqual({ code: 0, signal: null });
      // Its token is let go here, not refused: nobody keeps that file fresh now.
      const [gone] = readers;
      await gone?.stop();
      await rotations(group, 2);
      const back = group.join(files[0] ?? '');
      await back.logged(/^adopted a stored token/);

      const calls = await journal.fetches();
      await expectEverywhere(files, calls.at(-1)?.tokenSha256 ?? null);
      for (const reader of readers) {
        const { bad, refused } = await reader.stop();
        expect({ bad, refused }).toEqual({ bad: [], refused: [] });
      }
      for (const history of histories) expectForwardOnly(history, await journal.fetches());
      expectCallsOfOne(calls);
      tell(`${type}, four files: a record is in every file after at most ${slowest(record, histories)} ms`);
    },
  );

  it.for(TYPES)(
    'four daemons that publish the same file make the calls of one for the %s',
    async (type, { onTestFinished }) => {
      const group = await fleet(onTestFinished, { type, oneFile: true, ...LIVES[type] });
      const reader = startRestlessReader({ file: group.file, url: group.sandbox.url }, onTestFinished);
      const history = watchFile(group.file, onTestFinished);
      await rotations(group, 2);

      const { bad, refused } = await reader.stop();
      expect({ bad, refused }).toEqual({ bad: [], refused: [] });
      const calls = await group.journal.fetches();
      expectForwardOnly(history, calls);
      expectCallsOfOne(calls);
    },
  );
});

/** Waits until the platform has replaced so many tokens since the first. */
async function rotations({ journal }: Pick<Awaited<ReturnType<typeof fleet>>, 'journal'>, count: number) {
  await eventually(async () => (await journal.fetches()).length > count, {
    for: `${count} rotations`,
  });
}

function expectCallsOfOne(calls: readonly { readonly at: number; readonly tokenSha256: string | null }[]) {
  // Each brought a token of its own, and none was made before its time.
  expect(new Set(calls.map(({ tokenSha256 }) => tokenSha256)).size).toBe(calls.length);
  const gaps = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(CLOSEST);
}

/** Of the tokens that replaced another in all files: the longest time from the record to the last file, ms. */
function slowest(record: History, files: readonly History[]): number {
  const delays = record
    .seen()
    .slice(1)
    .flatMap(({ hash, at }) => {
      const arrivals = files.map((file) => file.seen().find((sighting) => sighting.hash === hash)?.at);
      const all = arrivals.filter((arrival) => arrival !== undefined);
      return all.length === files.length ? [Math.max(...all) - at] : [];
    });
  return Math.round(Math.max(...delays));
}
