import { chmod, mkdir, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stateFolder } from '../../../src/coordination/folder/state-folder.ts';
import type { Lease } from '../../../src/core/ports.ts';
import { type AccountRecord, emptyRecord } from '../../../src/core/record.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { aToken } from '../../publishers/token.ts';
import { eventually } from '../../support/wait.ts';
import { isRoot, modeOf, mount, namesIn, temporaryFolder, withUmask } from '../../system/folder.ts';
import { program } from '../../system/program.ts';
import { startHolder } from './locksmith.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const FILE = 'weixin.stable-token.wx0000000000000000.json';
const VALUE = '76_aToken-of_WeChat';
const RECORD: AccountRecord = {
  ...emptyRecord(ACCOUNT, Date.UTC(2026, 0, 1)),
  generation: 3,
  token: aToken(VALUE),
};

/** The lock itself is the business of file-lock.test.ts. */
const HELD: Lease = { held: async () => true, release: async () => {} };

const holder = program(new URL('./holder.ts', import.meta.url));
const preparer = program(new URL('./preparer.ts', import.meta.url));

/** A state folder of its own, and all that it warned of. */
async function workshop() {
  const folder = join(await temporaryFolder(), 'state');
  const warnings: string[] = [];
  const state = stateFolder(folder, { mode: 0o700 }, systemClock, (message) => warnings.push(message));
  return { folder, path: join(folder, FILE), warnings, state, store: state.open(ACCOUNT) };
}

describe('preparation of the state folder', () => {
  it.each([0o000, 0o022, 0o077])(
    'the state folder and its files are private to their owner under umask %i',
    async (mask) => {
      withUmask(mask);
      const { folder, path, state, store } = await workshop();
      expect(await state.prepare()).toBeUndefined();
      await store.write(RECORD, HELD);
      expect(await modeOf(folder)).toBe(0o700);
      expect(await modeOf(path)).toBe(0o600);
    },
  );

  it('an existing state folder keeps its mode', async () => {
    const { folder, state } = await workshop();
    await mkdir(folder);
    await chmod(folder, 0o770);
    await state.prepare();
    expect(await modeOf(folder)).toBe(0o770);
  });

  it('a left-over temporary file is swept from the state folder at the start', async () => {
    const { folder, state } = await workshop();
    await mkdir(folder);
    const leftover = `.wx-token-sidecar-${'f'.repeat(12)}-7-${'0'.repeat(32)}.tmp`;
    await writeFile(join(folder, leftover), '{"version":1');
    await utimes(join(folder, leftover), new Date(0), new Date(0));
    await state.prepare();
    expect(await namesIn(folder)).not.toContain(leftover);
  });

  it('a lock of a killed daemon is removed when another daemon starts', async () => {
    const { folder, path, state } = await workshop();
    await mkdir(folder);
    const other = await startHolder(holder, path);
    await other.kill();
    expect(await namesIn(folder)).toEqual([`${FILE}.lock`, `${FILE}.owner`]);
    await state.prepare();
    expect(await namesIn(folder)).toEqual(['requests']);
  });

  it('an owner file without a lock is removed and the lock of a living daemon stays', async () => {
    const { folder, path, state } = await workshop();
    await mkdir(folder);
    await writeFile(`${path}.owner`, '');
    await state.prepare();
    expect(await namesIn(folder)).toEqual(['requests']);

    const other = await startHolder(holder, path);
    await state.prepare();
    expect(await namesIn(folder)).toEqual(['requests', `${FILE}.lock`, `${FILE}.owner`]);
    expect(await other.ask('held')).toBe('held');
  });

  it('each account has a record file of its own', async () => {
    const { state, folder } = await workshop();
    await state.prepare();
    const accounts = [
      'weixin/stable-token/wx0000000000000000',
      'weixin/access-token/wx0000000000000000',
      'weixin/stable-token/wx1111111111111111',
      '127.0.0.1:8866/stable-token/wx0000000000000000',
      '[::1]:8866/stable-token/wx0000000000000000',
    ];
    for (const [index, account] of accounts.entries()) {
      await state.open(account).write({ ...RECORD, account, generation: index + 1 }, HELD);
    }
    for (const [index, account] of accounts.entries()) {
      expect(await state.open(account).read()).toMatchObject({ account, generation: index + 1 });
    }
    for (const name of await namesIn(folder)) expect(name).toMatch(/^[\w.[\]-]+$/);
  });

  it('a file in place of the state folder is reported with advice', async () => {
    const { folder, state } = await workshop();
    await writeFile(folder, '');
    expect((await state.prepare())?.en).toBe(
      `cannot use the state folder ${folder}: EEXIST; ` +
        'there is a file where the folder should be: remove it, or name another path',
    );
  });

  it('a state folder on a read-only volume is reported with advice', async (ctx) => {
    const above = await temporaryFolder();
    const folder = join(above, 'state');
    const impossible = await mount(['--bind', '-o', 'ro', above], above);
    if (impossible) return ctx.skip(impossible);
    const unusable = await stateFolder(folder, { mode: 0o700 }, systemClock, () => {}).prepare();
    expect(unusable?.en).toMatch(
      new RegExp(`^cannot use the state folder ${folder}: EROFS; the volume is mounted read-only: .+`),
    );
  });

  it('a state folder of another user is reported with advice', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const { folder, state } = await workshop();
    await state.prepare();
    const said = await preparer.run([folder], { uid: 65_534, gid: 65_534 });
    expect(said).toMatch(/EACCES; give the daemon write permission on the folder/);
  });
});

describe('stored records', () => {
  it('a record that was never written is read as none without a warning', async () => {
    const { state, store, warnings } = await workshop();
    await state.prepare();
    expect(await store.read()).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('a record is read as it was written by this daemon and by the next', async () => {
    const { folder, state, store } = await workshop();
    await state.prepare();
    await store.write(RECORD, HELD);
    const next = stateFolder(folder, { mode: 0o700 }, systemClock, () => {}).open(ACCOUNT);
    for (const reader of [store, next]) {
      const { token, ...record } = (await reader.read()) ?? {};
      expect(token?.value.reveal()).toBe(VALUE);
      expect({ ...record, token: { ...token, value: undefined } }).toEqual({
        ...RECORD,
        token: { ...RECORD.token, value: undefined },
      });
    }
  });

  it.each([
    ['garbage', '76_aToken-of_WeChat'],
    ['nothing', ''],
    [
      'half a record',
      '{"version":1,"account":"weixin/stable-token/wx0000000000000000","generation":3,"token":{"val',
    ],
    ['a record of another account', '{"version":1,"account":"weixin/stable-token/wx1111111111111111"}'],
    ['a record of a later version', '{"version":2,"token":"76_aToken-of_WeChat"}'],
  ])('a record file that holds %s is ignored with one warning without its content', async (_, content) => {
    const { path, state, store, warnings } = await workshop();
    await state.prepare();
    await writeFile(path, content);
    for (let reads = 0; reads < 3; reads += 1) expect(await store.read()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(new RegExp(`^ignoring ${path}: .+`));
    expect(warnings[0]).not.toContain(VALUE);
    expect(warnings[0]).not.toContain('wx1111111111111111');
  });

  it('a record that is damaged again is warned about again', async () => {
    const { path, state, store, warnings } = await workshop();
    await state.prepare();
    for (let damages = 0; damages < 2; damages += 1) {
      await writeFile(path, 'garbage');
      await store.read();
      await store.write(RECORD, HELD);
      expect(await store.read()).toMatchObject({ generation: 3 });
    }
    expect(warnings).toHaveLength(2);
  });

  it('a folder in place of the record is read as none, and a write fails with EISDIR', async () => {
    const { path, state, store, warnings } = await workshop();
    await state.prepare();
    await mkdir(path);
    expect(await store.read()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    await expect(store.write(RECORD, HELD)).rejects.toMatchObject({ name: 'EdgeError', code: 'EISDIR' });
  });

  it('a record keeps its old content when a write fails on a full disk', async (ctx) => {
    const { folder, path, state, store } = await workshop();
    await mkdir(folder);
    const impossible = await mount(['-t', 'tmpfs', '-o', 'size=64k', 'none'], folder);
    if (impossible) return ctx.skip(impossible);
    await state.prepare();
    await store.write(RECORD, HELD);
    const before = await readFile(path, 'utf8');
    await writeFile(join(folder, 'ballast'), 'x'.repeat(65_536)).catch(() => {});
    const refused = await store.write({ ...RECORD, generation: 4 }, HELD).catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'EdgeError', code: 'ENOSPC' });
    expect(String(refused)).not.toContain(VALUE);
    expect(await readFile(path, 'utf8')).toBe(before);
    await unlink(join(folder, 'ballast'));
    await store.write({ ...RECORD, generation: 4 }, HELD);
    expect(await store.read()).toMatchObject({ generation: 4 });
  });

  it('a record can be locked and written again after the state folder was removed', async () => {
    const { folder, state, store } = await workshop();
    await state.prepare();
    await store.write(RECORD, HELD);
    await rm(folder, { recursive: true });
    const lease = await store.lock('fetch');
    await store.write(RECORD, HELD);
    await lease?.release();
    expect(await store.read()).toMatchObject({ generation: 3 });
    expect(await modeOf(folder)).toBe(0o700);
  });
});

describe('the watch of the state folder', () => {
  it('the watch tells of records that others write, and of requests, and not of what it wrote itself', async () => {
    const { folder, state, store } = await workshop();
    await state.prepare();
    const told: string[] = [];
    const watch = state.watch(
      (account) => told.push(account),
      () => told.push('requests'),
    );
    onTestFinished(() => watch.close());
    await eventually(() => watch.works());
    await store.write(RECORD, HELD);
    await writeFile(join(folder, 'unknown.json'), '{}');
    await writeFile(join(folder, 'requests', 'one.json'), '{}');
    await eventually(() => told.includes('requests'));
    expect(told).not.toContain(ACCOUNT);
    const other = stateFolder(folder, { mode: 0o700 }, systemClock, () => {}).open(ACCOUNT);
    await other.write({ ...RECORD, generation: 4 }, HELD);
    await eventually(() => told.includes(ACCOUNT));
    await watch.close();
    expect(watch.works()).toBe(false);
  });
});
