import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { HOUR } from '../../src/core/time.ts';
import { statusOnDisk } from '../../src/inspection/status/index.ts';
import { filePublisher, isFileTarget } from '../../src/publishers/file.ts';
import { account, inJson, place } from '../config/written.ts';
import { judgeOf } from '../support/judge.ts';
import { tell, token } from '../support/story.ts';

const PLACE = { namespace: 'wx', name: 'wx-token' };
const CLUSTER = { cluster: { lease: PLACE, secret: PLACE } };
const SHOP = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const MIRROR = {
  name: 'shop',
  type: 'mirror',
  from: { kubernetesSecret: { ...PLACE, credential: 'shop' } },
  publish: [{ type: 'file', path: '$FOLDER/out/token' }],
};

/** A daemon whose record lies elsewhere, with nothing on the disk but what it publishes. */
async function daemonWith(document: string) {
  const { folder, load } = await place();
  const file = join(folder, 'config.yaml');
  // Writes it; what comes back knows of no mirror.
  await load(document).catch(() => {});
  const config = await loadConfig({}, { file, publishes: false, fetches: false });
  const story = tell('stable-token');
  story.fetch(token('a'));
  const published = config.credentials.flatMap(({ publish }) => publish);
  return {
    clock: story.clock,
    async publish() {
      const newest = story.state().record.token;
      if (!newest) throw new Error('no token');
      for (const target of published) {
        if (isFileTarget(target)) await filePublisher(target, SHOP).publish(newest, judgeOf(newest));
      }
    },
    statuses: async () => (await statusOnDisk(config, story.clock)).credentials,
  };
}

describe.each([
  ['a mirror', inJson([MIRROR])],
  ['a daemon of a cluster', inJson([account()], CLUSTER)],
])('status of %s without a word from the daemon', (_, document) => {
  it('status takes the life of the token from the published file', async () => {
    const { clock, publish, statuses } = await daemonWith(document);
    await publish();
    clock.pass(HOUR);
    const fresh = { state: 'fresh', life_left: 3600 };
    expect(await statuses()).toMatchObject([{ credential: 'shop', ...fresh, targets: [fresh] }]);
    clock.pass(2 * HOUR);
    expect(await statuses()).toMatchObject([{ state: 'dead' }]);
  });

  it('status reports the token as missing when no file is published', async () => {
    const { statuses } = await daemonWith(document);
    expect(await statuses()).toMatchObject([{ state: 'missing' }]);
  });
});
