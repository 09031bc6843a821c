import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchSecret } from '../../../src/app/app-secret.ts';
import { accountStore } from '../../../src/coordination/folder/account-store.ts';
import type { Clock, Lease } from '../../../src/core/ports.ts';
import { emptyRecord } from '../../../src/core/record.ts';
import { Secret } from '../../../src/core/secret.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { filePublisher } from '../../../src/publishers/file.ts';
import { glanceAt } from '../../../src/system/fs/files.ts';
import { fileMemo } from '../../../src/system/fs/read-regular-file.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { aToken } from '../../publishers/token.ts';
import { fakeClock } from '../../support/clock.ts';
import { judgeOf } from '../../support/judge.ts';

const MEMORY = '/dev/shm';
const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const RECORD = { ...emptyRecord(ACCOUNT, Date.UTC(2026, 0, 1)), generation: 3 };
const HELD: Lease = { held: async () => true, release: async () => {} };
const TOKEN = aToken('the-token-of-this-test');
const SUBJECT = {
  name: 'default',
  type: 'access-token',
  appId: 'wx0000000000000000',
  kind: 'token',
} as const;

/** A file is trusted by its times a while after its last change. */
const later: Clock = { now: () => ({ ...systemClock.now(), wall: systemClock.now().wall + MINUTE }) };

let folder: string;

beforeAll(async () => {
  if (existsSync(MEMORY)) folder = await mkdtemp(join(MEMORY, 'wx-'));
});

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true });
});

function stores(path: string) {
  const options = { access: { mode: 0o700 }, clock: systemClock, warn: () => {} };
  return { store: accountStore(path, ACCOUNT, options), other: accountStore(path, ACCOUNT, options) };
}

async function published(path: string) {
  const target = { type: 'file', path, format: 'raw', details: true, mode: 0o640 } as const;
  const publisher = filePublisher(target, SUBJECT, later);
  await publisher.prepare();
  for (let time = 0; time < 2; time += 1) await publisher.publish(TOKEN, judgeOf(TOKEN));
  return { publisher, isAsPublished: () => publisher.isAsPublished?.(TOKEN) };
}

describe.skipIf(!existsSync(MEMORY))('a glance at files in memory', () => {
  it('a record that nobody has written since is known without a question', async () => {
    const { store, other } = stores(join(folder, 'record.json'));
    expect(store.isAsKnown()).toBe(false);
    await store.write(RECORD, HELD);
    expect(store.isAsKnown()).toBe(true);
    await other.read();
    await other.write({ ...RECORD, generation: 4 }, HELD);
    expect(store.isAsKnown()).toBe(false);
    await store.read();
    expect(store.isAsKnown()).toBe(true);
    await unlink(join(folder, 'record.json'));
    expect(store.isAsKnown()).toBe(false);
  });

  it.each([
    ['its value was changed', (path: string) => writeFile(path, 'another')],
    ['its mode was changed', (path: string) => chmod(path, 0o644)],
    ['it was removed', (path: string) => unlink(path)],
    ['its details were removed', (path: string) => unlink(`${path}.json`)],
  ])('a published file is no longer as it was once %s', async (_, change) => {
    const path = join(await mkdtemp(join(folder, 'target-')), 'token');
    const { publisher, isAsPublished } = await published(path);
    expect(isAsPublished()).toBe(true);
    expect(publisher.isAsPublished?.(aToken('another-token-of-this-test', { generation: 2 }))).toBe(false);
    await change(path);
    expect(isAsPublished()).toBe(false);
  });

  it('what lies behind a link is not asked for without a thread', async () => {
    const place = await mkdtemp(join(folder, 'moved-'));
    await mkdir(join(place, 'wx'));
    await symlink('/', join(place, 'link'));
    expect(glanceAt(join(place, 'link', 'proc'))).toBeUndefined();
    expect(glanceAt(join(place, 'wx', 'none'))).toBeUndefined();
    await writeFile(join(place, 'wx', 'token'), 'x');
    expect(glanceAt(join(place, 'wx', 'token'))?.ino).toBe(
      BigInt((await stat(join(place, 'wx', 'token'))).ino),
    );
    expect(glanceAt(join(place, 'link'), true)).toBeUndefined();
  });

  it('a secret is current until its file is replaced, and one look counts for all who ask', async () => {
    const clock = fakeClock();
    const path = join(folder, 'secret');
    await writeFile(path, 'one');
    let reads = 0;
    const memo = fileMemo(path, async () => ++reads, clock);
    expect(memo.isCurrent(1)).toBe(false);
    expect(await memo.get()).toBe(1);
    expect(memo.isCurrent(1)).toBe(true);
    await writeFile(`${path}.new`, 'two');
    await rename(`${path}.new`, path);
    expect(memo.isCurrent(1)).toBe(true);
    clock.pass(1_000);
    expect(memo.isCurrent(1)).toBe(false);
    expect(await memo.get()).toBe(2);
    expect(memo.isCurrent(1)).toBe(false);
    expect(memo.isCurrent(2)).toBe(true);
  });

  it('each of two accounts with one secret file learns that it was replaced', async () => {
    const clock = fakeClock();
    const path = join(folder, 'shared-secret');
    await writeFile(path, 'one');
    const read = async () => new Secret(await readFile(path, 'utf8'));
    const memo = fileMemo(path, read, clock);
    const [first, second] = ['first', 'second'].map((account) => watchSecret(account, read, memo));
    const before = [await first?.fingerprint(), await second?.fingerprint()];
    await writeFile(`${path}.new`, 'two');
    await rename(`${path}.new`, path);
    clock.pass(1_000);
    expect([first?.isSameSecret(), second?.isSameSecret()]).toEqual([false, false]);
    expect(await first?.fingerprint()).not.toBe(before[0]);
    expect([first?.isSameSecret(), second?.isSameSecret()]).toEqual([true, false]);
    expect(await second?.fingerprint()).not.toBe(before[1]);
    expect(second?.isSameSecret()).toBe(true);
  });
});

describe('a glance elsewhere', () => {
  it('a file that may be on a disk is not asked for without a thread', async () => {
    expect(glanceAt('/proc/self/comm')).toBeUndefined();
  });
});
