import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileLock } from '../../src/coordination/file-lock.ts';
import { removeStale, staleness } from '../../src/coordination/stale-lock.ts';
import { fakeClock } from '../support/clock.ts';
import { namesIn } from '../system/folder.ts';
import { program } from '../system/program.ts';
import { recordPath, startHolder } from './locksmith.ts';

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

describe('the lock of a process that was killed', () => {
  it('here is taken over at once', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    await other.kill();
    const lease = await fileLock(path, 0o600, fakeClock()).take();
    expect(await lease?.held()).toBe(true);
    await lease?.release();
    expect(await namesIn(dirname(path))).toEqual([]);
  });

  it('elsewhere is taken over when it has not moved for ten seconds of our own', async () => {
    const path = await deadElsewhere();
    const clock = fakeClock();
    const lock = fileLock(path, 0o600, clock);
    expect(await lock.take()).toBeUndefined();
    clock.pass(9 * SECOND);
    expect(await lock.take()).toBeUndefined();
    clock.pass(SECOND);
    const lease = await lock.take();
    expect(await lease?.held()).toBe(true);
    await lease?.release();
  });

  it.each([-YEAR, YEAR])(
    'elsewhere is judged by no clock but ours: its own was off by %i ms',
    async (offset) => {
      const path = await deadElsewhere();
      await touch(path, offset);
      const clock = fakeClock();
      const lock = fileLock(path, 0o600, clock);
      clock.set(-offset);
      expect(await lock.take()).toBeUndefined();
      clock.pass(10 * SECOND);
      const lease = await lock.take();
      expect(await lease?.held()).toBe(true);
      await lease?.release();
    },
  );

  it('is removed with the name of its owner, which says nothing of the next', async () => {
    const path = await deadElsewhere();
    const { seen } = await staleness(path, undefined, () => false, fakeClock());
    if (!seen) throw new Error('there is a lock, and it was not seen');
    expect(await removeStale(path, seen, fakeClock())).toBe(true);
    expect(await namesIn(dirname(path))).toEqual([]);
  });

  it('is taken over by one of five who come at once', async () => {
    const path = await recordPath();
    const dead = await startHolder(holder, path);
    await dead.kill();
    const comers = await Promise.all(Array.from({ length: 5 }, () => startHolder(holder, path)));
    expect(comers.filter(({ said }) => said === 'taken')).toHaveLength(1);
    for (const { said, ask } of comers) expect(await ask('held')).toBe(said === 'taken' ? 'held' : 'lost');
  });

  it('is taken over although an earlier taker was killed while it took it', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    await other.kill();
    await mkdir(`${path}.takeover`);
    const clock = fakeClock();
    const lock = fileLock(path, 0o600, clock);
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

describe('the lock of a living process is left to it', () => {
  it('that moved since it was judged', async () => {
    const path = await recordPath();
    const other = await startHolder(holder, path);
    const { seen } = await staleness(path, undefined, () => false, fakeClock());
    if (!seen) throw new Error('there is a lock, and it was not seen');
    await touch(path, 5 * SECOND);
    expect(await removeStale(path, seen, fakeClock())).toBe(false);
    expect(await other.ask('held')).toBe('held');
  });

  it('elsewhere, however wrong its clock and however long it takes, while it moves', async () => {
    const path = await deadElsewhere();
    const clock = fakeClock();
    const lock = fileLock(path, 0o600, clock);
    for (let round = 0; round < 30; round += 1) {
      await touch(path, round * SECOND - YEAR);
      expect(await lock.take()).toBeUndefined();
      clock.pass(9 * SECOND);
    }
  });

  it('that has just taken it and not yet written its name, though the last owner is dead', async () => {
    const path = await recordPath();
    const last = await startHolder(holder, path);
    expect(await last.ask('release')).toBe('released');
    await last.kill();
    await mkdir(`${path}.lock`);
    expect(await fileLock(path, 0o600, fakeClock()).take()).toBeUndefined();
    expect(await namesIn(dirname(path))).toContain('account.json.lock');
  });

  it('that took it over and has not yet written its name, though the last owner is dead', async () => {
    const path = await recordPath();
    const last = await startHolder(holder, path);
    await last.exit();
    await mkdir(`${path}.lock`);
    expect(await fileLock(path, 0o600, fakeClock()).take()).toBeUndefined();
    expect(await namesIn(dirname(path))).toContain('account.json.lock');
  });
});

describe('a holder that was frozen', () => {
  it('learns that it was taken over, and does not release the lock of the new holder', async () => {
    const path = await recordPath();
    const frozen = await startHolder(holder, path);
    frozen.freeze();
    const clock = fakeClock();
    const lock = fileLock(path, 0o600, clock);
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

  it('keeps what nobody took meanwhile', async () => {
    const path = await recordPath();
    const frozen = await startHolder(holder, path);
    frozen.freeze();
    expect(await fileLock(path, 0o600, fakeClock()).take()).toBeUndefined();
    frozen.thaw();
    expect(await frozen.ask('held')).toBe('held');
  });
});
