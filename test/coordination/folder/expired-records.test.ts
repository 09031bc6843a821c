import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeExpiredRecords } from '../../../src/coordination/folder/state-folder.ts';
import { DAY } from '../../../src/core/time.ts';
import { namesIn, temporaryFolder } from '../../system/folder.ts';

const NOW = Date.UTC(2026, 0, 1);
const ACCOUNT = 'api.weixin.qq.com/stable-token/wx0000000000000000';
const RECORD = 'api.weixin.qq.com.stable-token.wx0000000000000000.json';

/** Files of that age in days, which hold the record of an account. */
async function folderWith(ages: Readonly<Record<string, number>>, account = ACCOUNT): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, days] of Object.entries(ages)) {
    await writeFile(join(folder, name), JSON.stringify({ account }));
    const then = new Date(NOW - days * DAY);
    await utimes(join(folder, name), then, then);
  }
  return folder;
}

describe('expired records', () => {
  it('a record that no daemon serves is removed after seven days, with its owner file', async () => {
    const folder = await folderWith({ [RECORD]: 7, [`${RECORD}.owner`]: 7 });
    await removeExpiredRecords(folder, () => false, NOW);
    expect(await namesIn(folder)).toEqual([]);
  });

  it('a record of a later version that was kept beside is removed after seven days, whoever is served', async () => {
    const [old, young] = [`${RECORD}.version-2`, `${RECORD}.version-3`];
    const folder = await folderWith({ [RECORD]: 90, [old]: 7, [young]: 6.9 });
    await removeExpiredRecords(folder, (name) => name === RECORD, NOW);
    expect(await namesIn(folder)).toEqual([RECORD, young]);
  });

  it('a record younger than seven days stays', async () => {
    const folder = await folderWith({ [RECORD]: 6.9 });
    await removeExpiredRecords(folder, () => false, NOW);
    expect(await namesIn(folder)).toEqual([RECORD]);
  });

  it('a record that this daemon serves stays, however old it is', async () => {
    const folder = await folderWith({ [RECORD]: 90, [`${RECORD}.owner`]: 90 });
    await removeExpiredRecords(folder, (name) => name === RECORD, NOW);
    expect(await namesIn(folder)).toEqual([RECORD, `${RECORD}.owner`]);
  });

  it.each(['stable-token', 'wecom', 'ticket', 'a-type-of-later'])(
    'a expired record of type %s is recognised by its account and removed',
    async (type) => {
      const name = `127.0.0.1_8866.${type}.wx0000000000000000.json`;
      const folder = await folderWith({ [name]: 8 }, `127.0.0.1:8866/${type}/wx0000000000000000`);
      await removeExpiredRecords(folder, () => false, NOW);
      expect(await namesIn(folder)).toEqual([]);
    },
  );

  it('a foreign file in the state folder stays, however old it is', async () => {
    const others = ['config.json', 'host.token.wx.json', `${RECORD}.bak`, 'stable-token.wx.json', 'token'];
    const folder = await folderWith(Object.fromEntries(others.map((name) => [name, 90])));
    await mkdir(join(folder, 'host.wecom.folder.json'));
    await utimes(join(folder, 'host.wecom.folder.json'), 0, 0);
    await removeExpiredRecords(folder, () => false, NOW);
    expect(await namesIn(folder)).toEqual([...others, 'host.wecom.folder.json'].sort());
  });
});
