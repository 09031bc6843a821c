import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markOf } from '../../src/codec/pushed-codes.ts';
import { keysOf as secretKeysOf } from '../../src/codec/secret-layout.ts';
import { permanentCodeSecret } from '../../src/coordination/cluster/permanent-code-secret.ts';
import {
  permanentCodeStore,
  permanentCodesPath,
} from '../../src/coordination/folder/permanent-code-store.ts';
import { removeExpiredRecords, stateFolder } from '../../src/coordination/folder/state-folder.ts';
import { shareRedis } from '../../src/coordination/redis/index.ts';
import { keysOf, stateServer } from '../../src/coordination/redis/scripts.ts';
import type { PermanentCodeStore } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import { DAY } from '../../src/core/time.ts';
import { redisOf } from '../../src/redis/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { startRedis } from '../support/redis-server.ts';
import { temporaryFolder } from '../system/folder.ts';
import { fakeCache, turns } from './cluster/fake-secret.ts';

const ACCOUNT = 'weixin/wecom-suite/ww0000000000000001';
const PREFIX = 'wx-token-sidecar:';

const code = (corpId: string) => ({
  ...{ corpId, value: new Secret(`permanent-code-of-${corpId}`), mark: markOf(corpId) },
});

async function corps(store: PermanentCodeStore): Promise<readonly string[]> {
  return (await store.read()).map(({ corpId }) => corpId).toSorted();
}

describe('permanent codes in a state folder', () => {
  it('they never end, whoever is served, and come along where the folder is another one', async () => {
    const [before, after] = [await temporaryFolder(), await temporaryFolder()];
    const open = (folder: string, elsewhere: readonly string[] = []) =>
      stateFolder(folder, { mode: 0o700 }, systemClock, () => {}, elsewhere).openPermanentCodes(ACCOUNT);
    await open(before).put(code('wpOne'));
    const names = await readdir(before);
    expect(names).toHaveLength(1);
    expect(names.join()).not.toContain('wpOne');
    await removeExpiredRecords(before, () => false, systemClock.now().wall + 400 * DAY);
    expect(await readdir(before)).toEqual(names);
    const moved = open(after, [before]);
    await moved.put(code('wpTwo'));
    expect(await corps(moved)).toEqual(['wpOne', 'wpTwo']);
    // Nobody looks elsewhere for ever: the code of a corp that is renewed is here.
    await moved.put({ ...code('wpOne'), mark: markOf('again') });
    expect(await corps(open(after))).toEqual(['wpOne', 'wpTwo']);
  });

  it('where there are too many, that is said before another code is got', async () => {
    const path = join(await temporaryFolder(), permanentCodesPath('record.json'));
    const store = permanentCodeStore(path, [], {
      ...{ account: ACCOUNT, clock: systemClock, access: { mode: 0o700 }, warn: () => {}, most: 2 },
    });
    await store.put(code('wpOne'));
    await store.checkRoom();
    await store.put(code('wpTwo'));
    await expect(store.checkRoom()).rejects.toMatchObject({
      failure: { code: 'too-many-permanent-codes', effect: 'unsent' },
      message: expect.stringContaining('the permanent codes of 2 corps'),
    });
    // What has been got is kept all the same.
    await store.put(code('wpThree'));
    expect(await corps(store)).toEqual(['wpOne', 'wpThree', 'wpTwo']);
  });
});

describe('permanent codes in a Secret', () => {
  it('they are in data and never in an annotation, and there is an end to their number', async () => {
    const fake = fakeCache({});
    const place = { account: ACCOUNT, name: 'suite', cache: fake.cache, kubernetes: turns(), warn: () => {} };
    const store = permanentCodeSecret(place, secretKeysOf('suite', 'token'), systemClock, 1);
    await store.checkRoom();
    await store.put(code('wpOne'));
    const { data, metadata } = fake.read();
    expect([Object.keys(data ?? {}), metadata.annotations ?? {}]).toEqual([['suite.permanent-codes'], {}]);
    await expect(store.checkRoom()).rejects.toThrow('are kept in suite.permanent-codes of the');
  });
});

describe('permanent codes in Redis', () => {
  it('they have no end there, and what the server has lost is written again by whoever knows it', async (ctx) => {
    const redis = await startRedis(ctx);
    function open() {
      const access = redisOf([redis.connection()], { clock: systemClock, random: Math.random });
      const server = stateServer(access.connection('cache'), PREFIX);
      const shared = shareRedis({ server, clock: systemClock, report: () => {}, warn: () => {} });
      ctx.onTestFinished(async () => {
        await shared.close();
        await access.close();
      });
      return shared.openPermanentCodes(ACCOUNT);
    }
    const { permanentCodes: key } = keysOf(PREFIX, ACCOUNT);
    const [one, two, stranger] = [open(), open(), open()];
    await one.put(code('wpOne'));
    await two.put(code('wpTwo'));
    expect(await redis.cli('TTL', key)).toBe('-1');
    await redis.cli('DEL', key);
    expect(await corps(stranger)).toEqual([]);
    expect(await corps(two)).toEqual(['wpOne', 'wpTwo']);
    expect(await corps(stranger)).toEqual(['wpOne', 'wpTwo']);
    expect(await redis.cli('TTL', key)).toBe('-1');
  });
});
