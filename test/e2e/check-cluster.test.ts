import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { LEASE_NAME } from '../support/kubernetes/role.ts';
import { openShop, SECRET } from '../support/kubernetes/shop.ts';
import { startProgram } from '../support/program.ts';
import { runHere } from '../support/run-here.ts';
import { APP_ID, workbench } from './workbench.ts';

const PLACE = { namespace: 'shop', name: 'wx-token' };

/** A cluster, a platform, and three configurations that have to do with both. */
async function benchOf({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const { sandbox, folder, file } = await workbench(onTestFinished);
  const shop = await openShop(folder, onTestFinished);
  const secretFile = join(folder, 'secrets', 'app.secret');
  const fetched = { name: 'shop', appId: APP_ID, secretFile, publish: [{ type: 'file', path: file }] };
  const source = { kubernetesSecret: { ...PLACE, credential: 'shop' } };
  const target = { type: 'kubernetes-secret', ...PLACE, key: 'token' };
  const kinds = {
    cluster: { cluster: { lease: { name: LEASE_NAME }, secret: PLACE }, credentials: [fetched] },
    'access-token': {
      cluster: { lease: { name: LEASE_NAME }, secret: PLACE },
      credentials: [{ ...fetched, type: 'access-token' }],
    },
    'kubernetes-secret': { credentials: [{ ...fetched, publish: [...fetched.publish, target] }] },
    mirror: {
      credentials: [{ name: 'copy', type: 'mirror', from: source, publish: fetched.publish }],
    },
  };

  async function configOf(kind: keyof typeof kinds): Promise<string> {
    const config = join(folder, `${kind}.json`);
    const document = { stateDir: join(folder, 'state'), platform: { baseUrl: sandbox.url }, ...kinds[kind] };
    await writeFile(config, JSON.stringify(document));
    return config;
  }

  async function once(kind: keyof typeof kinds) {
    const args = ['once', '--config', await configOf(kind)];
    return startProgram(args, { env: { KUBECONFIG: shop.refresher } }, onTestFinished).exited;
  }

  async function check(kind: keyof typeof kinds, KUBECONFIG = shop.refresher) {
    const config = await configOf(kind);
    const args = ['--online', '--config', config];
    const { code, stdout } = await runHere('check', args, { KUBECONFIG });
    return {
      code,
      stdout,
      last: stdout
        .trimEnd()
        .split('\n')
        .at(-1)
        ?.replace(/^.*?; /, ''),
    };
  }

  async function as(user: Readonly<Record<string, unknown>>): Promise<string> {
    const path = join(folder, 'other.kubeconfig');
    await writeFile(path, kubeconfig({ server: shop.server.url, namespace: 'shop', user }));
    return path;
  }

  return { shop, check, once, as };
}

describe.concurrent('check --online with a cluster', () => {
  it('the last line and the exit code include the result of the cluster', async (context) => {
    const { shop, check } = await benchOf(context);
    expect(await check('cluster')).toMatchObject({ code: 0, last: 'WeChat: 1 good; cluster: 1 good' });
    expect(await check('mirror')).toMatchObject({ code: 0, last: 'cluster: 1 good' });
    await shop.server.down();
    expect(await check('cluster')).toMatchObject({
      code: 75,
      last: 'WeChat: 1 good; cluster: 1 with a passing fault',
    });
  });

  it('check --online tries the token that the Secret of a cluster holds', async (context) => {
    const { check, once } = await benchOf(context);
    expect((await once('access-token')).code).toBe(0);
    const { code, stdout } = await check('access-token');
    expect(stdout).toMatch(/^ {2}answer +the stored token works/m);
    expect(code).toBe(0);
  });

  it('check --online changes nothing in the Secret of a cluster', async (context) => {
    const { shop, check } = await benchOf(context);
    expect((await check('cluster')).code).toBe(0);
    expect([await shop.data(), await shop.annotations()]).toEqual([{}, {}]);
  });

  it.for([
    ['is immutable', { immutable: true }, /^ {2}Secret +the Secret shop\/wx-token is immutable$/m],
    [
      'has no room for the records to come',
      { data: { ours: 'A'.repeat(Math.floor((1024 * 1024 - 600) / 3) * 4) } },
      /^ {2}Secret +the Secret shop\/wx-token would be larger than the 1 MiB/m,
    ],
  ] as const)('a Secret that %s makes check --online exit with 77', async ([, change, expected], context) => {
    const { shop, check } = await benchOf(context);
    expect((await shop.ask('PATCH', SECRET, change)).status).toBe(200);
    const { code, stdout, last } = await check('cluster');
    expect(stdout).toMatch(expected);
    expect({ code, last }).toEqual({ code: 77, last: 'WeChat: 1 good; cluster: 1 refused' });
  });

  it.for(['cluster', 'kubernetes-secret'] as const)(
    'check --online exits with 77 for a %s without rights or without a valid token',
    async (kind, context) => {
      const { shop, check, as } = await benchOf(context);
      const refused = { code: 77, last: 'WeChat: 1 good; cluster: 1 refused' };
      expect(await check(kind, shop.mirror)).toMatchObject(refused);
      expect(await check(kind, await as({ token: 'of-nobody' }))).toMatchObject(refused);
      expect(await check(kind, await as({}))).toMatchObject(refused);
    },
  );

  it('check --online exits with 77 for a mirror that may not read its source', async (context) => {
    const { check, as } = await benchOf(context);
    expect(await check('mirror', await as({}))).toMatchObject({ code: 77, last: 'cluster: 1 refused' });
  });
});
