import { chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../../../src/codec/record.ts';
import { accountStore } from '../../../src/coordination/folder/account-store.ts';
import type { Lease } from '../../../src/core/ports.ts';
import { type AccountRecord, emptyRecord } from '../../../src/core/record.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { isRoot, modeOf, temporaryFolder } from '../../system/folder.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const STRANGER = 48_731;
const RECORD: AccountRecord = { ...emptyRecord(ACCOUNT, Date.UTC(2026, 0, 1)), generation: 3 };

/** The lock itself is the business of file-lock.test.ts. */
const HELD: Lease = { held: async () => true, release: async () => {} };
const LOST: Lease = { held: async () => false, release: async () => {} };

async function opened(access: { readonly mode: number; readonly gid?: number } = { mode: 0o700 }) {
  const path = join(await temporaryFolder(), 'record.json');
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const open = () => accountStore(path, ACCOUNT, { access, clock: systemClock, warn });
  return { path, warnings, store: open(), other: open() };
}

describe('records that several daemons write', () => {
  it('a write whose lock was lost meanwhile leaves the record and says who has it', async () => {
    const { path, store } = await opened();
    await store.write(RECORD, HELD);
    await expect(store.write({ ...RECORD, generation: 4 }, LOST)).rejects.toMatchObject({
      failure: {
        class: 'passing',
        code: 'lock-lost',
        effect: 'none',
        message: `another daemon has taken the lock of ${path}: it was held for too long`,
      },
    });
    expect(await store.read()).toMatchObject({ generation: 3 });
  });

  it('a record counts as changed until its writer or its reader knows it', async () => {
    const { store, other } = await opened();
    expect(await store.hasChanged()).toBe(false);
    await store.write(RECORD, HELD);
    expect(await store.hasChanged()).toBe(false);
    expect(await other.hasChanged()).toBe(true);
    await other.read();
    expect(await other.hasChanged()).toBe(false);
    await other.write({ ...RECORD, generation: 4 }, HELD);
    expect(await store.hasChanged()).toBe(true);
    expect(await store.read()).toMatchObject({ generation: 4 });
    expect(await store.hasChanged()).toBe(false);
  });
});

describe('a record that a later version of this program wrote', () => {
  const later = JSON.stringify({ ...JSON.parse(encodeRecord(RECORD)), version: 2, news: 'of it' });

  it('it is told by its version, stays until this program writes, and is then kept beside, whole', async () => {
    const { path, warnings, store } = await opened();
    await writeFile(path, later, { mode: 0o600 });
    expect(await store.read()).toBeUndefined();
    expect(await store.read()).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/record version 2; this one reads up to 1\); it is kept beside/),
    ]);
    expect(await readFile(path, 'utf8')).toBe(later);
    await store.write(RECORD, HELD);
    expect(await readFile(`${path}.version-2`, 'utf8')).toBe(later);
    expect(await modeOf(`${path}.version-2`)).toBe(0o600);
    expect(await store.read()).toMatchObject({ generation: 3 });
    expect(warnings.at(-1)).toBe(
      `kept the record of version 2 as ${path}.version-2, since this program writes version 1`,
    );
    // It is kept once: later writes replace records of this version.
    await rm(`${path}.version-2`);
    await store.write({ ...RECORD, generation: 4 }, HELD);
    await expect(stat(`${path}.version-2`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('it is not replaced where it cannot be kept', async () => {
    const { path, store } = await opened();
    await writeFile(path, later, { mode: 0o600 });
    await mkdir(join(`${path}.version-2`, 'in-the-way'), { recursive: true });
    await store.read();
    await expect(store.write(RECORD, HELD)).rejects.toMatchObject({
      failure: { message: expect.stringContaining(`${path}.version-2`) },
    });
    expect(await readFile(path, 'utf8')).toBe(later);
  });

  it('a daemon of the later version beside this one is named, and its records stay', async () => {
    const { path, store } = await opened();
    await store.write(RECORD, HELD);
    await writeFile(path, later, { mode: 0o600 });
    expect(await store.read()).toBeUndefined();
    await expect(store.write({ ...RECORD, generation: 9 }, HELD)).rejects.toMatchObject({
      failure: {
        code: 'later-version',
        effect: 'none',
        message: `a daemon of a later version of this program writes ${path} (record version 2; this one writes 1)`,
        advice: expect.stringContaining('upgrade this one'),
      },
    });
    expect(await readFile(path, 'utf8')).toBe(later);
    await rm(path);
    expect(await store.read()).toBeUndefined();
    await store.write(RECORD, HELD);
    expect(await store.read()).toMatchObject({ generation: 3 });
  });
});

describe('who may have written a record', () => {
  const text = encodeRecord(RECORD);

  it.for([
    { by: 'the owner of the folder', uid: STRANGER, gid: 0, ofFolder: STRANGER },
    { by: 'a member of the group that shares the folder', uid: STRANGER, gid: 4711, ofFolder: 0 },
    { by: 'root', uid: 0, gid: 0, ofFolder: STRANGER },
  ])('a record written by $by is used', async ({ uid, gid, ofFolder }, ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to anybody');
    const { path, store, warnings } = await opened({ mode: 0o770, gid: 4711 });
    await writeFile(path, text);
    await chown(path, uid, gid);
    await chown(join(path, '..'), ofFolder, 0);
    expect(await store.read()).toMatchObject({ generation: 3 });
    expect(warnings).toEqual([]);
  });

  it('a record written by another user is ignored with one warning that names the user', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to anybody');
    const { path, store, warnings } = await opened();
    await writeFile(path, text);
    await chown(path, STRANGER, STRANGER);
    for (let reads = 0; reads < 2; reads += 1) expect(await store.read()).toBeUndefined();
    expect(warnings).toEqual([`ignoring ${path}: written by another user (uid ${STRANGER})`]);
  });

  it('a record that a group shares belongs to it and can be written by it, and by nobody else', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to any group');
    const { path, store } = await opened({ mode: 0o2777, gid: 4711 });
    await store.write(RECORD, HELD);
    expect(await modeOf(path)).toBe(0o660);
    expect((await stat(path)).gid).toBe(4711);
  });

  it('a record larger than any that is written is ignored', async () => {
    const { path, store, warnings } = await opened();
    await writeFile(path, text.padEnd(256 * 1024 + 1, ' '));
    expect(await store.read()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    await writeFile(path, text.padEnd(256 * 1024, ' '));
    expect(await store.read()).toMatchObject({ generation: 3 });
  });
});
