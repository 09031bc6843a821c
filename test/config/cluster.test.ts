import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

const CLUSTER = { lease: { namespace: 'shop', name: 'wx-token' }, secret: { name: 'wx-token' } };
const SOURCE = { namespace: 'shop', name: 'wx-token', credential: 'shop' };
const MIRROR = {
  name: 'copy',
  type: 'mirror',
  from: { kubernetesSecret: SOURCE },
  publish: [{ type: 'file', path: '$FOLDER/copy/token' }],
};

/** Read as it stands, mirrors included. */
async function load(credentials: readonly object[], keys: object = {}) {
  const { folder } = await place();
  const file = join(folder, 'config.json');
  await writeFile(file, inJson(credentials, { ...keys }).replaceAll('$FOLDER', folder));
  return loadConfig({}, { file, publishes: false });
}

describe('a cluster', () => {
  it('has the times of every other elector, and no namespace of its own', async () => {
    const { cluster } = await load([account()], { cluster: CLUSTER });
    expect(cluster).toEqual({
      lease: { ...CLUSTER.lease, duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 },
      secret: { name: 'wx-token' },
    });
  });

  it('keeps a hundred tokens and tickets in its Secret, and says so of more', async () => {
    const { problems } = await place();
    const many = Array.from({ length: 99 }, (_, index) =>
      account({
        name: `shop-${index}`,
        appId: `wx${String(index).padStart(16, '0')}`,
        publish: [{ type: 'file', path: `$FOLDER/out/${index}` }],
      }),
    );
    const ticket = account({
      tickets: ['jsapi'],
      publish: [
        { type: 'file', path: '$FOLDER/out/token' },
        { type: 'file', path: '$FOLDER/out/jsapi', of: 'jsapi' },
      ],
      appId: 'wx00000000000000ff',
    });
    expect((await load(many, { cluster: CLUSTER })).credentials).toHaveLength(99);
    expect(withoutPlaces(await problems(inJson([...many, ticket], { cluster: CLUSTER })))).toEqual([
      'cluster.secret: holds 100 tokens and tickets, and these are 101: let some be served by daemons with another Secret',
    ]);
  });
});

describe('a mirror', () => {
  it('needs a source and a place to publish to, and nothing else', async () => {
    const ticket = { type: 'file', path: '$FOLDER/copy/jsapi', of: 'jsapi' };
    const { credentials } = await load([{ ...MIRROR, publish: [...MIRROR.publish, ticket] }]);
    expect(credentials).toMatchObject([{ name: 'copy', type: 'mirror', from: SOURCE, tickets: ['jsapi'] }]);
  });

  it('stands beside what is fetched, but not beside another one of the same source', async () => {
    await load([account(), MIRROR]);
    const { problems } = await place();
    const twin = { ...MIRROR, name: 'twin', publish: [{ type: 'file', path: '$FOLDER/twin/token' }] };
    expect(withoutPlaces(await problems(inJson([MIRROR, twin])))).toEqual([
      'credentials[1].from: the same as credentials[0]: let one credential publish for both',
    ]);
  });

  it('says what its source lacks', async () => {
    const { problems } = await place();
    const from = { kubernetesSecret: { namespace: 'shop' } };
    expect(withoutPlaces(await problems(inJson([{ ...MIRROR, from }])))).toEqual([
      'credentials[0].from.kubernetesSecret.name: is required: the name of the Secret',
      'credentials[0].from.kubernetesSecret.credential: is required: what the credential is called there',
    ]);
  });
});
