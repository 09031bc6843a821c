import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { APP_ID, APP_SECRET } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import type { AtEnd } from '../support/program.ts';
import { type RestlessReader, startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { report, taken } from './feedback.ts';
import {
  expectEverywhere,
  expectForwardOnly,
  type Fleet,
  fleet,
  type Member,
  tell,
  watchFile,
} from './fleet.ts';

describe.concurrent('G3: a rival process with the same AppSecret', () => {
  it('a rival that fetches makes no read of a stable-token fail', async ({ onTestFinished }) => {
    const group = await fleet(onTestFinished, {
      type: 'stable-token',
      rules: { tokenTtl: 12, rotationWindow: 8 },
      env: { WXTOKEN_ROTATION_WINDOW: '8s' },
    });
    const files = group.members.map(({ file }) => file);
    const histories = files.map((file) => watchFile(file, onTestFinished));
    const readers = files.map((file, index) =>
      startRestlessReader({ file, ...(index < 2 && { url: group.sandbox.url }) }, onTestFinished),
    );
    const rotated = async () => new Set((await ours(group)).map(({ tokenSha256 }) => tokenSha256)).size > 2;
    let rivals = 0;
    await eventually(
      async () => {
        await rival(group);
        rivals += 1;
        await delay(200);
        return await rotated();
      },
      { for: 'two rotations' },
    );

    for (const reader of readers) {
      const { bad, refused } = await reader.stop();
      expect({ bad, refused }).toEqual({ bad: [], refused: [] });
    }
    for (const history of histories) expectForwardOnly(history, await group.journal.fetches());
    tell(`stable-token: 0 reads refused under a rival that fetched ${rivals} times`);
  });

  it('an access-token that a rival kills is replaced after reports, and the log names the rival', async ({
    onTestFinished,
  }) => {
    const group = await fleet(onTestFinished, { type: 'access-token' });
    const { members, sandbox, journal } = group;
    const files = members.map(({ file }) => file);
    const histories = files.map((file) => watchFile(file, onTestFinished));
    await newestEverywhere(group, 1);
    const readers = files.map((file) => startRestlessReader({ file, url: sandbox.url }, onTestFinished));
    const reporting = reportRefusals(group, readers, onTestFinished);

    // It takes one daemon that is told twice, and who of them takes a report is chance.
    const isNamed = () =>
      members.some((member) => member.log().some(({ advice }) => /^another process/.test(String(advice))));
    let rounds = 0;
    while (rounds < 2 || !isNamed()) {
      rounds += 1;
      const before = (await journal.refusals()).length;
      reporting.about((await contentOf(files[0] ?? '')) ?? '');
      // Of two calls the second kills what was current before the first.
      await rival(group);
      await rival(group);
      await newestEverywhere(group, 1 + rounds);
      const times = (await journal.refusals()).slice(before).map(({ at }) => at);
      const span = Math.max(...times) - Math.min(...times);
      tell(
        `access-token: ${times.length} reads of four readers refused for ${span} ms under a rival, round ${rounds}`,
      );
    }
    for (const reader of readers) expect((await reader.stop()).bad).toEqual([]);
    for (const history of histories) expectForwardOnly(history, await journal.fetches());
    expect(await ours(group)).toHaveLength(1 + rounds);
  });

  it('a reader that refuses every access-token costs each daemon at most two calls', async ({
    onTestFinished,
  }) => {
    const group = await fleet(onTestFinished, { type: 'access-token', size: 2 });
    await newestEverywhere(group, 1);
    let reports = 0;
    const refuse = async () => {
      await report(group.feedbackDir, (await contentOf(group.members[0]?.file ?? '')) ?? '');
      await taken(group.feedbackDir);
      reports += 1;
    };
    // It has spent its fetches, has had the platform asked whether the token works, and asks nothing more for a minute.
    const isQuiet = (member: Member) =>
      member.log().some(({ message }) => message.endsWith('the platform has just been asked'));
    while (!group.members.every(isQuiet)) await refuse();
    const spent = (await ours(group)).length - 1;
    for (let more = 0; more < 3; more += 1) await refuse();

    expect(spent).toBeLessThanOrEqual(2 * group.members.length);
    expect(await ours(group)).toHaveLength(1 + spent);
    tell(`access-token: ${spent} calls of two daemons for ${reports} reports of their current token`);
  });
});

/** What apps do that get 40001: each reports the token that was refused, and goes on. */
function reportRefusals({ feedbackDir }: Fleet, readers: readonly RestlessReader[], atEnd: AtEnd) {
  let token = '';
  let ended = false;
  async function watch(reader: RestlessReader): Promise<void> {
    let reported = 0;
    while (!ended) {
      const { refused } = reader.readings();
      if (refused.length > reported) await report(feedbackDir, token);
      reported = refused.length;
      await delay(100);
    }
  }
  const all = Promise.all(readers.map(watch));
  atEnd(async () => {
    ended = true;
    await all;
  });
  return {
    /** The token that a rival is about to kill. */
    about: (doomed: string) => {
      token = doomed;
    },
  };
}

async function newestEverywhere(group: Fleet, count: number): Promise<void> {
  const calls = await eventually(async () => {
    const made = await ours(group);
    return made.length >= count && made;
  });
  await expectEverywhere(
    group.members.map(({ file }) => file),
    calls.at(-1)?.tokenSha256 ?? null,
  );
}

/** The calls of the fleet, not of the rival. */
async function ours({ journal }: Fleet): Promise<readonly JournalEntry[]> {
  return (await journal.fetches()).filter(({ userAgent }) => userAgent?.startsWith('wx-token-sidecar/'));
}

/** One call of somebody who shares nothing with the fleet but the AppSecret. */
async function rival({ sandbox, type }: Fleet): Promise<void> {
  const fields = { grant_type: 'client_credential', appid: APP_ID, secret: APP_SECRET };
  const response =
    type === 'access-token'
      ? await fetch(`${sandbox.url}/cgi-bin/token?${new URLSearchParams(fields)}`)
      : await fetch(`${sandbox.url}/cgi-bin/stable_token`, { method: 'POST', body: JSON.stringify(fields) });
  expect(await response.json()).toHaveProperty('access_token');
}
