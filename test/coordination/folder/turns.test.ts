import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderTurns } from '../../../src/coordination/folder/turns.ts';
import { SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';
import { eventually } from '../../support/wait.ts';
import { modeOf, temporaryFolder } from '../../system/folder.ts';

const PARTY = 'weixin/component/wx0000000000000000';

/** Two daemons of one state folder. */
async function daemons() {
  const state = await temporaryFolder();
  const clock = fakeClock();
  const open = () => folderTurns(state, { mode: 0o770 }, clock);
  return { state, folder: join(state, 'turns'), clock, one: open(), other: open() };
}

describe('turns of the daemons of one state folder', () => {
  it('ten are had at once, by whoever comes first, and each is free again by itself', async () => {
    const { folder, one, other } = await daemons();
    const takes = Array.from({ length: 14 }, (_, index) => (index % 2 === 0 ? one : other)(PARTY));
    const answers = await Promise.all(takes);
    expect(answers.filter((ms) => ms === 0)).toHaveLength(10);
    for (const ms of answers) expect(ms).toBeLessThanOrEqual(100);
    expect(await readdir(folder)).toHaveLength(10);
    await eventually(async () => (await other(PARTY)) === 0);
    await eventually(async () => (await readdir(folder)).length === 0);
  });

  it('third parties have turns of their own', async () => {
    const { one, other } = await daemons();
    for (let call = 0; call < 10; call += 1) expect(await one(PARTY)).toBe(0);
    expect(await other(`${PARTY}1`)).toBe(0);
  });

  it('who may use the state folder may use them, and they come back with a folder that was removed', async () => {
    const { state, folder, one } = await daemons();
    expect(await one(PARTY)).toBe(0);
    expect(await modeOf(folder)).toBe(0o770);
    await rm(state, { recursive: true });
    expect(await one(PARTY)).toBe(0);
  });

  it('those that a killed daemon has left are nobody’s after some seconds, and no sooner', async () => {
    const { folder, clock, one } = await daemons();
    expect(await one(PARTY)).toBe(0);
    const [name = ''] = await readdir(folder);
    const left = Array.from({ length: 10 }, (_, index) => name.replace(/\d$/, String(index)));
    await eventually(async () => (await readdir(folder)).length === 0);
    for (const file of left) await writeFile(join(folder, file), '');
    expect(await one(PARTY)).toBeGreaterThan(0);
    clock.pass(4 * SECOND);
    expect(await one(PARTY)).toBeGreaterThan(0);
    clock.pass(SECOND);
    expect(await one(PARTY)).toBeGreaterThan(0);
    expect(await one(PARTY)).toBe(0);
  });

  it('a folder that cannot be written says so', async () => {
    const turns = folderTurns('/proc/nowhere', { mode: 0o700 }, fakeClock());
    await expect(turns(PARTY)).rejects.toMatchObject({ name: 'EdgeError' });
  });
});
