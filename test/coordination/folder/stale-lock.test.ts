import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStale, removeStale } from '../../../src/coordination/folder/stale-lock.ts';
import { fakeClock } from '../../support/clock.ts';
import { namesIn } from '../../system/folder.ts';
import { program } from '../../system/program.ts';
import { lockOf, recordPath, startHolder } from './locksmith.ts';

const SECOND = 1_000;
const YEAR = 365 * 24 * 3_600 * SECOND;
const holder = program(new URL('./holder.ts', import.meta.url));

/** As if the owner lived in another container or on another host, where its pid cannot be asked. */
async function moveOwnerAway(path: string): Promise<void> {
  const owner = JSON.parse(await readFile(`${path}.owner`, 'utf8'));
  await writeFile(`${path}.owner`, JSON.stringify({ ...owner, namespace: 'f'.repeat(12) }));
}

/** A lock whose holder was killed, elsewhere. */
async function deadElsewhere(): Promise<string> {
  const path = await recordPath();
  const other = await startHolder(holder, path);
  await other.kill();
  await moveOwnerAway(path);
  return path;
}

async function touch(path: string, offsetMs: number): Promise<void> {
  const then = new Date(Date.now() + offsetMs);
  await utimes(`${path}.lock`, then, then);
}

describe('locks of killed processes', () => {
  it('a lock of a process killed on this host is taken over at once', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    await other.kill();
    const lease = await lockOf(path, fakeClock()).take();
    expect(await lease?.held()).toBe(true);
    await lease?.release();
    expect(await namesIn(dirname(path))).toEqual([]);
  });

  it('a lock of a process killed elsewhere is taken over after ten seconds without a change', async () => {
    const path = await deadElsewhere();
    const clock = fakeClock();
    const lock = lockOf(path, clock);
    expect(await lock.take()).toBeUndefined();
    clock.pass(9 * SECOND);
    expect(await lock.take()).toBeUndefined();
    clock.pass(SECOND);
    const lease = await lock.take();
    expect(await lease?.held()).toBe(true);
    await lease?.release();
  });

  it.each([-YEAR, YEAR])(
    'a lock from a host whose clock is off by %i ms is judged by the local clock',
    async (offset) => {
      const path = await deadElsewhere();
      await touch(path, offset);
      const clock = fakeClock();
      const lock = lockOf(path, clock);
      clock.set(-offset);
      expect(await lock.take()).toBeUndefined();
      clock.pass(10 * SECOND);
      const lease = await lock.take();
      expect(await lease?.held()).toBe(true);
      await lease?.release();
    },
  );

  it('a stale lock is removed together with its owner file', async () => {
    const path = await deadElsewhere();
    const { seen } = await checkStale(path, undefined, () => false, fakeClock());
    if (!seen) throw new Error('there is a lock, and it was not seen');
    expect(await removeStale(path, seen, fakeClock())).toBe(true);
    expect(await namesIn(dirname(path))).toEqual([]);
  });

  it('a stale lock is taken over by exactly one of five concurrent processes', async () => {
    const path = await recordPath();
    const dead = await startHolder(holder, path);
    await dead.kill();
    const comers = await Promise.all(Array.from({ length: 5 }, () => startHolder(holder, path)));
    expect(comers.filter(({ said }) => said === 'taken')).toHaveLength(1);
    for (const { said, ask } of comers) expect(await ask('held')).toBe(said === 'taken' ? 'held' : 'lost');
  });

  it('a stale lock is taken over although an earlier takeover was killed halfway', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    await other.kill();
    await mkdir(`${path}.takeover`);
    const clock = fakeClock();
    const lock = lockOf(path, clock);
    // It may be slow, and about to take the lock.
    for (const passed of [0, 9 * SECOND]) {
      clock.pass(passed);
      expect(await lock.take()).toBeUndefined();
    }
    clock.pass(SECOND);
    expect(await lock.take()).toBeUndefined();
    const lease = await lock.take();
    expect(await lease?.held()).toBe(true);
    await lease?.release();
    expect(await namesIn(dirname(path))).toEqual([]);
  });
});

describe('locks of living processes', () => {
  it('a lock that was renewed since it was judged stale is not removed', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    const { seen } = await checkStale(path, undefined, () => false, fakeClock());
    if (!seen) throw new Error('there is a lock, and it was not seen');
    await touch(path, 5 * SECOND);
    expect(await removeStale(path, seen, fakeClock())).toBe(false);
    expect(await other.ask('held')).toBe('held');
  });

  it('a lock from another host is left alone while it is renewed, however wrong its clock', async () => {
    const path = await deadElsewhere();
    const clock = fakeClock();
    const lock = lockOf(path, clock);
    for (let round = 0; round < 30; round += 1) {
      await touch(path, round * SECOND - YEAR);
      expect(await lock.take()).toBeUndefined();
      clock.pass(9 * SECOND);
    }
  });

  it('a lock without an owner file is left alone after its last holder released it', async () => {
    const path = await recordPath();
    const last = await startHolder(holder, path);
    expect(await last.ask('release')).toBe('released');
    await last.kill();
    await mkdir(`${path}.lock`);
    expect(await lockOf(path, fakeClock()).take()).toBeUndefined();
    expect(await namesIn(dirname(path))).toContain('account.json.lock');
  });

  it('a lock without an owner file is left alone after its last holder exited', async () => {
    const path = await recordPath();
    const last = await startHolder(holder, path);
    await last.exit();
    await mkdir(`${path}.lock`);
    expect(await lockOf(path, fakeClock()).take()).toBeUndefined();
    expect(await namesIn(dirname(path))).toContain('account.json.lock');
  });
});

describe('frozen holders', () => {
  it('a frozen holder learns of a takeover and does not release the lock of the new holder', async () => {
    const path = await recordPath();
    const frozen = await startHolder(holder, path);
    frozen.freeze();
    const clock = fakeClock();
    const lock = lockOf(path, clock);
    expect(await lock.take()).toBeUndefined();
    clock.pass(10 * SECOND);
    const lease = await lock.take();
    expect(await lease?.held()).toBe(true);

    frozen.thaw();
    expect(await frozen.ask('held')).toBe('lost');
    expect(await frozen.ask('release')).toBe('released');
    await frozen.exit();
    expect(await lease?.held()).toBe(true);
    expect((await startHolder(holder, path)).said).toBe('busy');
    await lease?.release();
  });

  it('a frozen holder keeps a lock that nobody took meanwhile', async () => {
    const path = await recordPath();
    const frozen = await startHolder(holder, path);
    frozen.freeze();
    expect(await lockOf(path, fakeClock()).take()).toBeUndefined();
    frozen.thaw();
    expect(await frozen.ask('held')).toBe('held');
  });
});
