import { describe, expect, it, type TestContext } from 'vitest';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { type RestlessReader, startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import {
  expectEverywhere,
  expectForwardOnly,
  type Fleet,
  type FleetOptions,
  fleet,
  type Member,
  tell,
  watchFile,
} from './fleet.ts';

/** An answer is held back so long that its asker can be caught while it waits; the daemon's patience is 10 s. */
const HELD_BACK = 3_000;

/** Lives of seconds: replaced after about 4 s, good for 16 s more. The platform is ready before anybody asks. */
const SHORT = { rules: { tokenTtl: 20, rotationWindow: 17 }, env: { WXTOKEN_ROTATION_WINDOW: '16s' } };

/** Nearly all of a token's life: for the platform alone, so that it has another one ready. */
const AGED = 6_950_000;

describe.concurrent('G5: daemons stopped during a fetch', () => {
  it('a kill during the fetch of a stable-token costs one more call and no refused read', async ({
    onTestFinished,
  }) => {
    const { group, histories, readers } = await watched({ type: 'stable-token', ...SHORT }, onTestFinished);
    await published(group);
    await group.holdBack(HELD_BACK);
    const holder = await caught(group, 2);
    holder.signal('SIGKILL');
    const killed = performance.now();
    const [, lost, again] = await calls(group, 3);
    tell(`stable-token: taken over ${since(killed)} ms after a kill`);

    expect(again?.tokenSha256).toBe(lost?.tokenSha256);
    const others = histories.filter((_, index) => group.members[index] !== holder);
    await eventually(
      () => others.every((history) => history.seen().some(({ hash }) => hash === again?.tokenSha256)),
      { for: 'the next token in all files' },
    );
    expect(await badReads(readers, holder)).toEqual({ bad: [], refused: 0 });
    for (const history of histories) expectForwardOnly(history, await group.journal.fetches());
  });

  it('a kill during the fetch of an access-token costs one more call and no bad read', async ({
    onTestFinished,
  }) => {
    const { group, histories, readers } = await watched({ type: 'access-token' }, onTestFinished);
    await published(group);
    await group.holdBack(HELD_BACK);
    group.members[3]?.signal('SIGHUP');
    const holder = await caught(group, 2);
    holder.signal('SIGKILL');
    const killed = performance.now();
    const [, , next] = await calls(group, 3);
    tell(`access-token: taken over ${since(killed)} ms after a kill`);
    const others = group.members.filter((member) => member !== holder);
    await expectEverywhere(filesOf(others), next?.tokenSha256 ?? null);

    expect((await badReads(readers, holder)).bad).toEqual([]);
    await tellRefusals(group, 'a kill', next);
    for (const history of histories) expectForwardOnly(history, await group.journal.fetches());
    expect(await group.journal.fetches()).toHaveLength(3);
  });

  it('a daemon frozen past its lock during a fetch does a stable-token no harm when it thaws', async ({
    onTestFinished,
  }) => {
    const { group, histories, readers } = await watched(
      { type: 'stable-token', firstHeldBack: HELD_BACK },
      onTestFinished,
    );
    const holder = await caught(group, 1);
    holder.signal('SIGSTOP');
    const frozen = performance.now();
    // Whoever takes over gets another, newer token than the one that waits in the frozen one's socket.
    await group.sandbox.advance(AGED);
    const [, next] = await calls(group, 2);
    tell(`stable-token: taken over ${since(frozen)} ms after a freeze`);
    await thaw(group, holder, next);

    expect(await badReads(readers)).toEqual({ bad: [], refused: 0 });
    for (const history of histories) expectForwardOnly(history, await group.journal.fetches());
    expect(await group.journal.fetches()).toHaveLength(2);
  });

  it('a daemon frozen past its lock during a fetch publishes no older access-token when it thaws', async ({
    onTestFinished,
  }) => {
    const { group, histories, readers } = await watched({ type: 'access-token' }, onTestFinished);
    await published(group);
    await group.holdBack(HELD_BACK);
    group.members[3]?.signal('SIGHUP');
    const holder = await caught(group, 2);
    holder.signal('SIGSTOP');
    const frozen = performance.now();
    const [, , next] = await calls(group, 3);
    tell(`access-token: taken over ${since(frozen)} ms after a freeze`);
    await thaw(group, holder, next);

    expect((await badReads(readers)).bad).toEqual([]);
    await tellRefusals(group, 'a freeze', next);
    for (const history of histories) expectForwardOnly(history, await group.journal.fetches());
    expect(await group.journal.fetches()).toHaveLength(3);
  });
});

/** A fleet all of whose files are read without rest; two of the readers call. */
async function watched(options: FleetOptions, atEnd: TestContext['onTestFinished']) {
  const group = await fleet(atEnd, options);
  const files = filesOf(group.members);
  const histories = files.map((file) => watchFile(file, atEnd));
  const readers = files.map((file, index) => ({
    file,
    ...startRestlessReader({ file, ...(index < 2 && { url: group.sandbox.url }) }, atEnd),
  }));
  return { group, histories, readers };
}

async function calls({ journal }: Fleet, count: number): Promise<readonly JournalEntry[]> {
  const fetches = async () => {
    const made = await journal.fetches();
    return made.length >= count && made;
  };
  return await eventually(fetches, { for: `call number ${count}` });
}

async function published(group: Fleet): Promise<void> {
  const [first] = await calls(group, 1);
  await expectEverywhere(filesOf(group.members), first?.tokenSha256 ?? null);
}

/** The daemon that waits for the answer to the call of this number. */
async function caught(group: Fleet, number: number): Promise<Member> {
  await calls(group, number);
  return await group.asking();
}

/** Lets a frozen daemon go on when the others have moved on, and waits until all is told and it has ended. */
async function thaw(group: Fleet, frozen: Member, next: JournalEntry | undefined): Promise<void> {
  const newest = next?.tokenSha256 ?? null;
  const others = group.members.filter((member) => member !== frozen);
  await expectEverywhere(filesOf(others), newest);
  frozen.signal('SIGCONT');
  await expectEverywhere([frozen.file], newest);
  // It ends only after it has done whatever it still meant to do.
  frozen.signal('SIGTERM');
  expect(await frozen.exited).toEqual({ code: 0, signal: null });
  await expectEverywhere(filesOf(group.members), newest);
}

/** The file of a daemon that was killed grows old, and what is said of it does not count. */
async function badReads(readers: readonly (RestlessReader & { file: string })[], killed?: Member) {
  const all = await Promise.all(readers.map(async ({ file, stop }) => ({ file, ...(await stop()) })));
  return {
    bad: all.flatMap(({ bad }) => bad),
    refused: all.filter(({ file }) => file !== killed?.file).flatMap(({ refused }) => refused).length,
  };
}

/** The call that makes up for a lost answer kills the published token: until the next is in the files reads are refused. */
async function tellRefusals({ journal }: Fleet, what: string, next: JournalEntry | undefined): Promise<void> {
  const refusals = await journal.refusals();
  const times = refusals.map(({ at }) => at - (next?.at ?? 0));
  expect(times.filter((time) => time < 0)).toEqual([]);
  const last = times.length > 0 ? Math.max(...times) : 0;
  tell(
    `access-token: ${refusals.length} reads refused after ${what}, the last ${last} ms after the next call`,
  );
}

function filesOf(members: readonly Member[]): string[] {
  return members.map(({ file }) => file);
}

function since(moment: number): number {
  return Math.round(performance.now() - moment);
}
