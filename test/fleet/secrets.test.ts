import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { APP_SECRET, TYPES } from '../e2e/workbench.ts';
import type { Program } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { expectEverywhere, type Fleet, fleet, tell } from './fleet.ts';

const NEW_SECRET = 'fedcba9876543210'.repeat(2);
const WRONG_SECRET = '00ff00ff00ff00ff'.repeat(2);

describe.concurrent('G6: AppSecrets that differ between daemons', () => {
  it.for(TYPES)(
    'one call proves a new AppSecret, and a daemon with the old one makes none for the %s',
    async (type, { onTestFinished }) => {
      // Readers of a token with a short life get a tenth of it before the next refresh by hand.
      const rules = { tokenTtl: 90 };
      const group = await fleet(onTestFinished, { type, size: 1, rules });
      await calls(group, 1);
      for (const member of group.members) await end(member);
      await writeFile(join(group.folder, 'old.secret'), APP_SECRET);
      await group.sandbox.account().patch({ secret: NEW_SECRET });
      await writeFile(group.env()['WXTOKEN_SECRET_FILE'] ?? '', NEW_SECRET);
      const daemon = group.join(join(group.folder, 'ahead', 'token'));
      const [, proof] = await calls(group, 2);
      await expectEverywhere([daemon.file], proof?.tokenSha256 ?? null);

      const neighbour = group.join(join(group.folder, 'lagging', 'token'), {
        WXTOKEN_SECRET_FILE: join(group.folder, 'old.secret'),
      });
      await expectEverywhere([neighbour.file], proof?.tokenSha256 ?? null);
      neighbour.signal('SIGHUP');
      await neighbour.logged(/^HUP/);
      daemon.signal('SIGHUP');
      const [, , next] = await calls(group, 3);
      await expectEverywhere([neighbour.file, daemon.file], next?.tokenSha256 ?? null);
      await end(neighbour);
      await end(daemon);

      expect((await group.journal.fetches()).map(({ errcode }) => errcode)).toEqual([0, 0, 0]);
    },
  );

  it('a daemon with a wrong AppSecret takes tokens from its neighbours and logs 40125 once', async ({
    onTestFinished,
  }) => {
    // Readers of a token with a short life get a tenth of it before the next refresh by hand.
    const rules = { tokenTtl: 90 };
    const group = await fleet(onTestFinished, { type: 'access-token', size: 1, rules });
    await calls(group, 1);
    await writeFile(join(group.folder, 'wrong.secret'), WRONG_SECRET);
    const follower = group.join(join(group.folder, 'wrong', 'token'), {
      WXTOKEN_SECRET_FILE: join(group.folder, 'wrong.secret'),
    });
    await follower.logged(({ errcode }) => errcode === 40125);
    const files = [...group.members, follower].map(({ file }) => file);
    for (let round = 1; round <= 3; round += 1) {
      group.members[0]?.signal('SIGHUP');
      await eventually(async () => (await good(group)).length === 1 + round, { for: `fetch ${round}` });
      await expectEverywhere(files, (await good(group)).at(-1)?.tokenSha256 ?? null);
    }
    await end(follower);

    const refused = (await group.journal.fetches()).filter(({ errcode }) => errcode !== 0);
    const said = follower.log().filter(({ errcode }) => errcode === 40125);
    tell(
      `access-token: ${refused.length} calls with a wrong secret during three rotations, ${said.length} lines`,
    );
    expect(refused).toHaveLength(1);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ advice: expect.stringContaining('secret file') });
  });
});

async function calls({ journal }: Fleet, count: number): Promise<readonly JournalEntry[]> {
  const made = async () => {
    const entries = await journal.fetches();
    return entries.length >= count && entries;
  };
  return await eventually(made, { for: `call number ${count}` });
}

async function good({ journal }: Fleet): Promise<readonly JournalEntry[]> {
  return (await journal.fetches()).filter(({ errcode }) => errcode === 0);
}

async function end(daemon: Program): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
}
