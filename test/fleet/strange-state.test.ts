import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256, TYPES, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { readRecord, recordIn } from './record.ts';

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;

describe.concurrent('G6: restarts with a strange state', () => {
  it.for(TYPES)(
    'a restart after the clock ran two days ahead still replaces the %s in time',
    async (type, { onTestFinished }) => {
      const { sandbox, folder, file, once, token, fetches } = await workbench(onTestFinished);
      const env = { WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: join(folder, 'state') };
      expect((await once(env)).code).toBe(0);
      const reader = startRestlessReader({ file, url: sandbox.url }, onTestFinished);
      // As if all of it had happened 7000 s ago: of the token's 7200 s there are 200 s left.
      const ago = 7_000 * SECOND;
      await sandbox.advance(ago);
      const path = await recordIn(join(folder, 'state'));
      const { token: stored, ledger, ...record } = await readRecord(path);
      const ahead = (time: unknown) => Number(time) - ago + 2 * DAY;
      await writeFile(
        path,
        JSON.stringify({
          ...record,
          token: {
            ...stored,
            // The machine was restarted since: no clock but the one that was wrong tells how long ago it was.
            bootTime: undefined,
            issuedAt: ahead(stored['issuedAt']),
            expiresAt: ahead(stored['expiresAt']),
            platformDate: Number(stored['platformDate']) - ago,
          },
          ledger: { ...ledger, lastFetch: ahead(ledger['lastFetch']), since: ahead(ledger['since']) },
        }),
      );
      expect((await once(env)).code).toBe(0);

      // It was due, and what is published now is what the platform handed out last.
      const calls = await fetches();
      expect(calls).toHaveLength(2);
      expect(sha256((await token()) ?? '')).toBe(calls[1]?.tokenSha256);
      const { bad, refused } = await reader.stop();
      expect({ bad, refused }).toEqual({ bad: [], refused: [] });
      // And the next restart finds times that it can believe.
      expect((await once(env)).code).toBe(0);
      expect(await fetches()).toHaveLength(2);
    },
  );

  it('a folder in place of the record leaves a published stable-token in place, with a warning and advice', async ({
    onTestFinished,
  }) => {
    const { folder, once, token, fetches } = await workbench(onTestFinished);
    const env = { WXTOKEN_STATE_DIR: join(folder, 'state') };
    expect((await once(env)).code).toBe(0);
    const first = await token();
    await replaceByFolder(await recordIn(join(folder, 'state')));

    const restarted = await once(env);
    expect(restarted.code).toBe(0);
    expect(restarted.log()).toContainEqual(
      expect.objectContaining({ level: 'warn', code: 'EISDIR', advice: expect.stringMatching(/remove it/) }),
    );
    expect(await fetches()).toHaveLength(1);
    expect(await token()).toBe(first);
  });

  it('a folder in place of the record leaves a published access-token in place, with a warning and advice', async ({
    onTestFinished,
  }) => {
    const { folder, once, token, fetches } = await workbench(onTestFinished);
    const env = { WXTOKEN_TYPE: 'access-token', WXTOKEN_STATE_DIR: join(folder, 'state') };
    expect((await once(env)).code).toBe(0);
    const first = await token();
    await replaceByFolder(await recordIn(join(folder, 'state')));

    const restarted = await once(env);
    expect(restarted.code).toBe(0);
    expect(restarted.log()).toContainEqual(
      expect.objectContaining({ code: 'EISDIR', advice: expect.stringMatching(/remove it/) }),
    );
    expect(await fetches()).toHaveLength(1);
    expect(await token()).toBe(first);
  });

  it.for(TYPES)(
    'a restart after a crash between fetch and publish publishes the fetched %s without a call',
    async (type, { onTestFinished }) => {
      const { sandbox, folder, file, run, once, newToken, token, fetches } = await workbench(onTestFinished);
      const env = { WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: join(folder, 'state') };
      const daemon = run(env);
      const first = await newToken();
      // The volume goes away: what is fetched now can be written down, but not published.
      const volume = dirname(file);
      await rename(volume, `${volume}.away`);
      await writeFile(volume, 'no folder');
      await sandbox.advance(6_950 * SECOND);
      daemon.signal('SIGHUP');
      await daemon.logged(({ target, level }) => target !== undefined && level === 'error');
      // The same may be said of the first token before the second one is asked for.
      const calls = await eventually(
        async () => {
          const all = await fetches();
          return all.length === 2 && all;
        },
        { for: 'the call' },
      );
      const path = await recordIn(join(folder, 'state'));
      const stored = async () => sha256((await readRecord(path)).token.value) === calls[1]?.tokenSha256;
      await eventually(stored, { for: 'the record of what was fetched' });
      daemon.signal('SIGKILL');
      await daemon.exited;
      await rm(volume);
      await rename(`${volume}.away`, volume);
      expect(await token()).toBe(first);

      expect((await once(env)).code).toBe(0);
      expect(sha256((await token()) ?? '')).toBe(calls[1]?.tokenSha256);
      expect(await fetches()).toHaveLength(calls.length);
      expect(calls).toHaveLength(2);
    },
  );

  it.for(TYPES)(
    'a restart after a kill during a fetch costs one more call and leaves the %s whole',
    async (type, { onTestFinished }) => {
      const { sandbox, folder, file, run, once, newToken, fetches } = await workbench(onTestFinished);
      const env = { WXTOKEN_TYPE: type, WXTOKEN_STATE_DIR: join(folder, 'state') };
      const daemon = run(env);
      await newToken();
      const reader = startRestlessReader({ file }, onTestFinished);
      await sandbox.faults([{ kind: 'latency', ms: 9_000, times: 1 }]);
      daemon.signal('SIGHUP');
      await eventually(async () => (await fetches()).length === 2, { for: 'the call' });
      daemon.signal('SIGKILL');
      await daemon.exited;

      expect((await once(env)).code).toBe(0);
      const calls = await fetches();
      expect(calls).toHaveLength(3);
      expect(sha256((await contentOf(file)) ?? '')).toBe(calls[2]?.tokenSha256);
      expect((await reader.stop()).bad).toEqual([]);
      expect((await once(env)).code).toBe(0);
      expect(await fetches()).toHaveLength(3);
    },
  );
});

async function replaceByFolder(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
  await writeFile(join(path, 'something'), 'that is in the way');
}
