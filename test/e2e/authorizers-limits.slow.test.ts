import { describe, expect, it } from 'vitest';
import { LEASE_NAME, SECRET_NAME } from '../support/kubernetes/role.ts';
import { openShop } from '../support/kubernetes/shop.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { everyAccount, FIRST, SECOND } from './authorizers.ts';

const idOf = (index: number) => `wx${String(index).padStart(16, '0')}`;
const SERVED = /accounts are served as the platform lists them/;
const TOO_MANY = /listed accounts are not served: there are too many/;

describe('more accounts than a daemon serves', () => {
  it('of 2002 listed accounts 2000 are served, and the log and check tell of the others', async () => {
    const { authorize, push, start, run, newToken } = await everyAccount();
    for (let index = 10; index < 2012; index += 1) await authorize(idOf(index));
    await push();
    const daemon = start();
    await daemon.logged((line) => SERVED.test(line.message) && line['accounts'] === 2000);
    expect(await daemon.logged(TOO_MANY)).toMatchObject({
      ...{ level: 'warn', credential: 'all', accounts: [idOf(2010), idOf(2011)] },
      advice: expect.stringContaining('another daemon'),
    });
    await newToken(idOf(10));
    daemon.signal('SIGTERM');
    await daemon.exited;
    const { stdout } = await run(['check', '--online']);
    const said = stdout().replaceAll(/\n {15}/g, ' ');
    expect(said).toContain('the platform lists 2002 accounts: 2000 would be served');
    expect(said).toContain(`there are too many: ${idOf(2010)}, ${idOf(2011)}; let another daemon`);
  });

  it('where the Secret of a cluster is full those that are served go on, in every daemon that leads', async (ctx) => {
    // A Secret has room for 98 tokens and tickets of them: 32 accounts with two tickets each.
    const bench = await everyAccount({ tickets: ['jsapi', 'wx_card'] });
    const { folder, write, path, config, authorize, push, token, newToken } = bench;
    const shop = await openShop(folder, ctx.onTestFinished);
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...rest,
      cluster: {
        lease: { namespace: 'shop', name: LEASE_NAME },
        secret: { namespace: 'shop', name: SECRET_NAME },
      },
      credentials: [
        platform,
        {
          ...entry,
          publish: ['token', 'jsapi', 'wx_card'].map((of) => ({
            ...{ type: 'file', path: path(`{appId}-${of}`), of },
          })),
        },
      ],
    }));
    const first = Array.from({ length: 32 }, (_, index) => idOf(100 + index));
    for (const id of first) await authorize(id);
    await push();
    const env = { KUBECONFIG: shop.refresher };
    const daemon = () => startProgram(['--config', config], { env }, ctx.onTestFinished);
    const leader = daemon();
    const before = await Promise.all(first.map((id) => newToken(`${id}-token`)));
    for (const id of first) await newToken(`${id}-wx_card`);
    // Their AppIDs are before all others.
    for (const index of [1, 2]) await authorize(idOf(index));
    await startProgram(['refresh', 'all', '--config', config], { env }, ctx.onTestFinished).exited;
    const told = await leader.logged(TOO_MANY);
    expect(told).toMatchObject({ level: 'warn', accounts: [idOf(1), idOf(2)] });
    leader.signal('SIGTERM');
    await leader.exited;
    const next = daemon();
    await next.logged((line) => SERVED.test(line.message) && line['accounts'] === 32);
    expect(await next.logged(TOO_MANY)).toMatchObject({ accounts: [idOf(1), idOf(2)] });
    await next.logged(
      (line) => line.message.includes('adopted') && line['credential'] === `all.${first[31]}`,
    );
    expect(await Promise.all(first.map((id) => token(`${id}-token`)))).toEqual(before);
    expect(await token(`${idOf(1)}-token`)).toBeUndefined();
  });

  it('where a Secret has no room left for an account that is told, and the others go on', async (ctx) => {
    const bench = await everyAccount();
    const { folder, write, config, authorize, push, newToken, token, relist } = bench;
    const shop = await openShop(folder, ctx.onTestFinished);
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...rest,
      credentials: [
        platform,
        {
          ...entry,
          publish: [
            ...(entry['publish'] as []),
            { type: 'kubernetes-secret', namespace: 'shop', name: SECRET_NAME, key: 'token-{appId}' },
          ],
        },
      ],
    }));
    await authorize(FIRST);
    await push();
    const env = { KUBECONFIG: shop.refresher };
    const daemon = startProgram(['--config', config], { env }, ctx.onTestFinished);
    const first = await newToken(FIRST);
    await eventually(async () => (await shop.data())[`token-${FIRST}`] === first);
    const held = Object.values(await shop.data()).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
    const full = Buffer.alloc(1024 * 1024 - held - 300, 'x').toString('base64');
    await shop.ask('PATCH', `/api/v1/namespaces/shop/secrets/${SECRET_NAME}`, { data: { others: full } });
    await authorize(SECOND);
    await relist();
    const second = await newToken(SECOND);
    const told = await daemon.logged(
      (line) => line['credential'] === `all.${SECOND}` && line['code'] === 'kube-too-large',
    );
    expect(told).toMatchObject({ advice: expect.any(String) });
    expect((await shop.data())[`token-${FIRST}`]).toBe(first);
    expect(await shop.data()).not.toHaveProperty([`token-${SECOND}`]);
    // Room comes, and so does the account.
    await shop.ask('PATCH', `/api/v1/namespaces/shop/secrets/${SECRET_NAME}`, { data: { others: null } });
    await eventually(async () => (await shop.data())[`token-${SECOND}`] === second);
    expect(await token(FIRST)).toBe(first);
  });
});
