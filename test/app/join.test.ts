import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SharedEdges } from '../../src/app/joined.ts';
import { joinCredentials, unitsOf } from '../../src/app/unit.ts';
import { createSecretFiles } from '../../src/config/secret-file.ts';
import { createCallPaces, createSharedReads } from '../../src/providers/index.ts';
import { filePublisher } from '../../src/publishers/file.ts';
import type { FileTarget } from '../../src/publishers/file-target.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { account, inJson, place } from '../config/written.ts';

const ACCOUNTS = [
  { name: 'shop', appId: 'wx1111111111111111' },
  {
    name: 'cafe',
    type: 'wecom',
    appId: undefined,
    corpId: 'ww1111111111111111',
    secretFile: '$FOLDER/secrets/two',
  },
  { name: 'platform', type: 'component', appId: 'wx0000000000000001', ticket: { file: '$FOLDER/ticket' } },
  { name: 'guest', type: 'authorizer', via: 'platform', appId: 'wx2222222222222222', secretFile: undefined },
].map((own) => account({ ...own, publish: [{ type: 'file', path: `$FOLDER/out/${own.name}` }] }));

/** Joins configurations as a daemon does, and counts what that opens. */
async function joining() {
  const { folder, load } = await place();
  const opened: string[] = [];
  const store = { read: async () => undefined, write: async () => {}, lock: async () => undefined };
  const edges: SharedEdges = {
    stores: {
      open(owner) {
        opened.push(`record of ${owner}`);
        return store;
      },
      openCodes: () => ({ read: async () => [], put: async () => 'kept', settle: async () => {} }),
      openPermanentCodes: () => ({ read: async () => [], checkRoom: async () => {}, put: async () => {} }),
      openTickets(owner) {
        opened.push(`tickets of ${owner}`);
        return { read: async () => undefined, put: async () => 'kept' };
      },
      mirror: () => Promise.reject(new Error('there is no mirror')),
    },
    clock: systemClock,
    sharedReads: createSharedReads(systemClock),
    listRead: () => () => () => {},
    paceOf: createCallPaces(systemClock, async () => 0),
    secretFiles: createSecretFiles(),
    warn: () => {},
    placed: () => {},
    ticketChanged: () => {},
    createPublisher(target, subject) {
      const publisher = filePublisher(target as FileTarget, subject);
      opened.push(publisher.id);
      return publisher;
    },
  };
  let served: Awaited<ReturnType<typeof joinCredentials>> = new Map();
  return {
    folder,
    opened,
    served: () => served,
    async reload(credentials: readonly object[]) {
      served = await joinCredentials((await load(inJson(credentials))).credentials, served, edges);
    },
  };
}

describe('a configuration that is read again', () => {
  it('nothing is opened again for credentials that stay as they are, however often', async () => {
    const { opened, served, reload } = await joining();
    await reload(ACCOUNTS);
    const [before, units] = [opened.length, unitsOf(served())];
    expect(before).toBeGreaterThanOrEqual(9);
    for (let time = 0; time < 50; time += 1) await reload(ACCOUNTS);
    expect(opened.slice(before)).toEqual([]);
    expect(unitsOf(served())).toEqual(units);
  });

  it('what changes is opened once, and all else goes on', async () => {
    const { opened, served, reload } = await joining();
    await reload(ACCOUNTS);
    const [shop, cafe] = [served().get('shop'), served().get('cafe')];
    opened.length = 0;
    await reload(ACCOUNTS.map((one) => (one['name'] === 'shop' ? { ...one, title: 'Shop' } : one)));
    expect(opened).toEqual([
      'record of weixin/stable-token/wx1111111111111111',
      expect.stringContaining('out/shop'),
    ]);
    expect([served().get('shop') === shop, served().get('cafe') === cafe]).toEqual([false, true]);
  });

  it('an app of a corp is another account where its secret is another one', async () => {
    const { folder, opened, served, reload } = await joining();
    await reload(ACCOUNTS);
    const [before] = served().get('cafe')?.units ?? [];
    opened.length = 0;
    await writeFile(join(folder, 'secrets', 'two'), 'of-another-app-of-the-same-corp-0123456789a');
    await reload(ACCOUNTS);
    const [after] = served().get('cafe')?.units ?? [];
    expect(after?.account).not.toBe(before?.account);
    expect(opened).toEqual([`record of ${after?.account}`, expect.stringContaining('out/cafe')]);
  });
});
