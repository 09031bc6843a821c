import { describe, expect, it, type TestContext } from 'vitest';
import { LEASE_NAME, SECRET_NAME } from '../support/kubernetes/role.ts';
import { openShop } from '../support/kubernetes/shop.ts';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { everyAccount, FIRST, SECOND } from './authorizers.ts';

const REMOVED = /removed what was published for an account/;

const inSecret = (key: string, of = 'token') => ({
  ...{ type: 'kubernetes-secret', namespace: 'shop', name: SECRET_NAME },
  ...{ key: `${key}-{appId}`, of },
});

/** Every account is published into a file, a Secret and Redis, its ticket into the Secret alone. */
async function everywhere(ctx: TestContext) {
  const redis = await startRedis(ctx);
  const bench = await everyAccount({ removeAfter: '2s', tickets: ['jsapi'] });
  const { folder, write, path, config, authorize, push, relist, token } = bench;
  const shop = await openShop(folder, ctx.onTestFinished);
  await shop.ask('PATCH', `/api/v1/namespaces/shop/secrets/${SECRET_NAME}`, { data: { other: 'b2YgdXM=' } });
  await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
    ...rest,
    redis: [{ name: 'cache', url: `redis://127.0.0.1:${redis.port}` }],
    credentials: [
      platform,
      {
        ...entry,
        publish: [
          { type: 'file', path: path('{appId}') },
          ...[inSecret('token'), inSecret('jsapi', 'jsapi')],
          { type: 'redis', connection: 'cache', key: 'wx:{appId}:token' },
        ],
      },
    ],
  }));
  await authorize(FIRST);
  await authorize(SECOND);
  await push();
  const env = { KUBECONFIG: shop.refresher };
  const daemon = startProgram(['--config', config], { env }, ctx.onTestFinished);
  const keysOf = async (appId: string) =>
    Object.keys(await shop.data())
      .filter((key) => key.includes(appId))
      .toSorted();
  const inRedis = (appId: string) => redis.cli('get', `wx:${appId}:token`);
  for (const appId of [FIRST, SECOND])
    await eventually(async () => (await keysOf(appId)).length === 4 && (await inRedis(appId)) !== '');
  /** Reads lists until they have lacked the account for so long that its file goes. */
  const relistUntilGone = (appId: string) =>
    eventually(async () => {
      await relist();
      return (await token(appId)) === undefined;
    });
  return { ...bench, shop, redis, daemon, keysOf, inRedis, relistUntilGone };
}

describe('what an account leaves that the platform no longer lists', () => {
  it('its file, its keys of a Secret and of Redis go alike, and nothing of the others', async (ctx) => {
    const { shop, redis, daemon, keysOf, inRedis, relistUntilGone, revoke, token, path } =
      await everywhere(ctx);
    await revoke(FIRST);
    await relistUntilGone(FIRST);
    const { removed } = await daemon.logged(REMOVED);
    expect(await keysOf(FIRST)).toEqual([]);
    await eventually(async () => (await inRedis(FIRST)) === '');
    expect(removed).toEqual([
      ...[path(FIRST), `${path(FIRST)}.json`],
      ...['token', 'jsapi'].flatMap((what) =>
        ['', '.json'].map((ending) => `${what}-${FIRST}${ending} in Secret shop/${SECRET_NAME}`),
      ),
      ...[`wx:${FIRST}:token`, `{wx:${FIRST}:token}:wx-token-sidecar`].map(
        (key) => `the key ${key} of Redis at 127.0.0.1:${redis.port}`,
      ),
    ]);
    expect(await shop.data()).toMatchObject({ other: 'of us', [`token-${SECOND}`]: await token(SECOND) });
    expect(await inRedis(SECOND)).toBe(await token(SECOND));
  });

  it('what cannot be removed is told, and removed when the list is read next', async (ctx) => {
    const { shop, daemon, keysOf, relistUntilGone, revoke, relist } = await everywhere(ctx);
    await shop.server.down();
    await revoke(FIRST);
    await relistUntilGone(FIRST);
    const told = await daemon.logged((line) => line.message.startsWith('not removed: '));
    expect(told).toMatchObject({
      ...{ level: 'warn', credential: `all.${FIRST}` },
      target: expect.stringContaining(FIRST),
    });
    await shop.server.up();
    expect(await keysOf(FIRST)).toHaveLength(4);
    await eventually(async () => {
      await relist();
      return (await keysOf(FIRST)).length === 0;
    });
    expect(await keysOf(SECOND)).toHaveLength(4);
  });

  it('in a cluster its record goes as well, so that the Secret has room for another, and it may come back', async (ctx) => {
    const bench = await everyAccount({ removeAfter: '2s', tickets: ['jsapi'] });
    const { folder, write, path, config, authorize, revoke, push, newToken, goneFor } = bench;
    const shop = await openShop(folder, ctx.onTestFinished);
    const cluster = {
      lease: { namespace: 'shop', name: LEASE_NAME },
      secret: { namespace: 'shop', name: SECRET_NAME },
    };
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...{ ...rest, cluster },
      credentials: [
        platform,
        {
          ...entry,
          publish: [
            { type: 'file', path: path('{appId}') },
            { type: 'file', path: path('{appId}-jsapi'), of: 'jsapi' },
          ],
        },
      ],
    }));
    const keysOf = async (appId: string) =>
      [...Object.keys(await shop.data()), ...Object.keys(await shop.annotations())].filter((key) =>
        key.includes(appId),
      );
    await authorize(FIRST);
    await authorize(SECOND);
    await push();
    const env = { KUBECONFIG: shop.refresher };
    const daemon = startProgram(['--config', config], { env }, ctx.onTestFinished);
    for (const appId of [FIRST, SECOND]) {
      await newToken(`${appId}-jsapi`);
      await eventually(async () => (await keysOf(appId)).length >= 7);
    }
    const first = await newToken(FIRST);
    await revoke(FIRST);
    const refresh = () =>
      startProgram(['refresh', 'all', '--config', config], { env }, ctx.onTestFinished).exited;
    await eventually(async () => {
      await refresh();
      return (await keysOf(FIRST)).length === 0;
    });
    await goneFor(FIRST);
    const { removed } = await daemon.logged(/removed the record of an account/);
    expect(removed).toContain(`all.${FIRST} in Secret shop/${SECRET_NAME}`);
    expect((await keysOf(SECOND)).length).toBeGreaterThanOrEqual(7);
    expect(JSON.parse((await shop.data())['all.accounts.listing'] ?? '').accounts).toHaveProperty(FIRST);
    await authorize(FIRST);
    await refresh();
    await newToken(FIRST, first);
    await eventually(async () => (await keysOf(FIRST)).length >= 7);
  });
});
