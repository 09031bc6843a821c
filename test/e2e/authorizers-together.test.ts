import { watch } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { makeCertificates } from '../providers/certificates.ts';
import { KEY, TOKEN } from '../push/receiving.ts';
import { startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { type Document, type EveryAccount, everyAccount, FIRST, listsRead, SECOND } from './authorizers.ts';
import { PLATFORM, PLATFORM_SECRET } from './third-parties.ts';

const SERVED = /accounts are served as the platform lists them/;

/** The same credentials for a daemon on another machine: state and files are its own. */
function elsewhere({ folder, path }: Pick<EveryAccount, 'folder' | 'path'>) {
  return ({ credentials: [platform = {}, entry = {}], ...rest }: Document): Document => ({
    ...rest,
    stateDir: join(folder, 'other-state'),
    credentials: [
      { ...platform, publish: [{ type: 'file', path: path('other/platform') }] },
      { ...entry, publish: [{ type: 'file', path: path('other/{appId}') }] },
    ],
  });
}

/** Lets the platform push to the daemon that listens there. */
async function pushTo(receiver: string, { sandbox }: Pick<EveryAccount, 'sandbox'>) {
  await sandbox.control('PUT', `/components/${PLATFORM}/receiver`, {
    ...{ url: `${receiver}/wx/platform`, token: TOKEN, encodingAesKey: KEY },
  });
}

/** Lets the daemon receive pushes. */
async function receiving({ folder, write }: Pick<EveryAccount, 'folder' | 'write'>) {
  const [tokenFile, encodingAesKeyFile] = [join(folder, 'push.token'), join(folder, 'push.key')];
  await writeFile(tokenFile, TOKEN, { mode: 0o600 });
  await writeFile(encodingAesKeyFile, KEY, { mode: 0o600 });
  await write(({ credentials: [platform = {}, ...others], ...rest }) => ({
    ...rest,
    push: { listen: '127.0.0.1:0' },
    credentials: [
      { ...platform, ticket: { push: { path: '/wx/platform', tokenFile, encodingAesKeyFile } } },
      ...others,
    ],
  }));
}

describe('accounts that come and go by pushes', () => {
  it('one that authorises is served at once, and one that cancels is told of at once', async () => {
    const bench = await everyAccount();
    const { authorize, revoke, start, newToken, token, calls } = bench;
    await receiving(bench);
    const daemon = start();
    const { message } = await daemon.logged(/^pushes on /);
    await pushTo(message.replace('pushes on ', 'http://'), bench);
    await newToken('platform');
    await daemon.logged((line) => SERVED.test(line.message) && line['accounts'] === 0);
    // The daemon itself exchanges the code, after which the platform lists the refresh token.
    await Promise.all([authorize(FIRST, false), authorize(SECOND, false)]);
    const first = await newToken(FIRST);
    await newToken(SECOND);
    await revoke(FIRST);
    await daemon.logged((line) => line['errcode'] === 61_003 && line['credential'] === `all.${FIRST}`);
    await daemon.logged((line) => SERVED.test(line.message) && line['missing'] === 1);
    expect(await token(FIRST)).toBe(first);
    await authorize(FIRST, false);
    await newToken(FIRST, first);
    expect(await calls('list')).toBeLessThan(12);
  });
});

describe('accounts of daemons that share their state', () => {
  it('two daemons of one folder that start together take a turn for each call, of the ten that there are for both', async () => {
    const bench = await everyAccount();
    const { push, authorize, start, startWith, newToken, calls, write, folder, path } = bench;
    const ids = Array.from({ length: 24 }, (_, index) => `wx${String(index).padStart(16, '0')}`);
    for (const id of ids) await authorize(id);
    const other = join(folder, 'other.json');
    await write(
      ({ credentials: [platform = {}, entry = {}], ...rest }) => ({
        ...rest,
        credentials: [
          { ...platform, publish: [{ type: 'file', path: path('other/platform') }] },
          { ...entry, publish: [{ type: 'file', path: path('other/{appId}') }] },
        ],
      }),
      other,
    );
    const turns = join(folder, 'state', 'turns');
    await mkdir(turns, { recursive: true, mode: 0o700 });
    const names = new Set<string>();
    let changes = 0;
    const watcher = watch(turns, (_, name) => {
      changes += 1;
      names.add(String(name));
    });
    onTestFinished(() => watcher.close());
    start();
    startWith(other);
    await push();
    for (const id of ids) {
      await newToken(id);
      await newToken(`other/${id}`);
    }
    const [made, listed] = [await calls('authorizer'), await calls('list')];
    expect(made).toBe(24);
    // Each is there once and goes once.
    await eventually(async () => (await readdir(turns)).length === 0);
    await eventually(() => changes === 2 * (made + listed));
    expect(names.size).toBeLessThanOrEqual(10);
  });

  it('two machines on one Redis read the list once, and a key of Redis is filled in for each account', async (ctx) => {
    const redis = await startRedis(ctx);
    const bench = await everyAccount();
    const { push, authorize, start, startWith, newToken, token, relist, calls, write, folder } = bench;
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...rest,
      redis: [{ name: 'cache', url: `redis://127.0.0.1:${redis.port}` }],
      state: { redis: { connection: 'cache' } },
      credentials: [
        platform,
        {
          ...entry,
          publish: [
            ...(entry['publish'] as []),
            { type: 'redis', connection: 'cache', key: 'wx:{appId}:token' },
          ],
        },
      ],
    }));
    const other = join(folder, 'other.json');
    await write(elsewhere(bench), other);
    await authorize(FIRST);
    await push();
    const one = start();
    const first = await newToken(FIRST);
    expect(await redis.cli('GET', `wx:${FIRST}:token`)).toBe(first);
    const two = startWith(other);
    await eventually(async () => (await token(`other/${FIRST}`)) === first);
    await authorize(SECOND);
    await relist();
    const second = await newToken(SECOND);
    await eventually(async () => (await token(`other/${SECOND}`)) === second);
    expect(await calls('authorizer')).toBe(2);
    expect(await calls('list')).toBe(listsRead([one, two], SECOND));
    // Their turns are in Redis as well.
    for (const state of ['state', 'other-state'])
      expect(await readdir(join(folder, state))).not.toContain('turns');
  });

  it('in a cluster a follower serves what the leader was told, and keys of a Secret are filled in', async () => {
    const bench = await everyAccount();
    const { push, authorize, newToken, token, calls, write, folder, config } = bench;
    const made = await makeCertificates();
    const tls = typeof made === 'string' ? undefined : { ...made.server, ca: made.authority };
    const server = await startApiServer(tls ? { tls } : {});
    onTestFinished(server.close);
    const file = join(folder, 'kubeconfig');
    await writeFile(
      file,
      kubeconfig({ server: server.url, ca: tls?.ca, user: { token: server.adminToken } }),
    );
    server.direct('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    server.direct('POST', '/apis/coordination.k8s.io/v1/namespaces/shop/leases', {
      metadata: { name: 'wx' },
    });
    for (const name of ['wx-state', 'wx-tokens'])
      server.direct('POST', '/api/v1/namespaces/shop/secrets', { metadata: { name } });
    const data = (name: string) =>
      (server.direct('GET', `/api/v1/namespaces/shop/secrets/${name}`) as { data?: Record<string, string> })
        .data ?? {};
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...rest,
      cluster: {
        lease: { namespace: 'shop', name: 'wx' },
        secret: { namespace: 'shop', name: 'wx-state' },
      },
      credentials: [
        platform,
        {
          ...entry,
          publish: [
            ...(entry['publish'] as []),
            { type: 'kubernetes-secret', namespace: 'shop', name: 'wx-tokens', key: 'token-{appId}' },
          ],
        },
      ],
    }));
    const other = join(folder, 'other.json');
    await write(elsewhere(bench), other);
    await authorize(FIRST);
    await push();
    const daemon = (path: string) =>
      startProgram(['--config', path], { env: { KUBECONFIG: file } }, onTestFinished);
    const leader = daemon(config);
    const first = await newToken(FIRST);
    await eventually(
      () => Buffer.from(data('wx-tokens')[`token-${FIRST}`] ?? '', 'base64').toString() === first,
    );
    const follower = daemon(other);
    await eventually(async () => (await token(`other/${FIRST}`)) === first);
    await follower.logged((line) => SERVED.test(line.message) && line['accounts'] === 1);
    expect(await calls('list')).toBe(1);
    const listing = Buffer.from(data('wx-state')['all.accounts.listing'] ?? '', 'base64').toString();
    expect(JSON.parse(listing)).toMatchObject({ accounts: { [FIRST]: 0 } });
    // The next leader goes on from there.
    leader.signal('SIGTERM');
    await leader.exited;
    await authorize(SECOND);
    await startProgram(['refresh', 'all', '--config', other], { env: { KUBECONFIG: file } }, onTestFinished)
      .exited;
    await newToken(`other/${SECOND}`);
    expect(await calls('list')).toBe(2);
  });
});

describe('many accounts', () => {
  it('thirty accounts share the series of their entry, and one that the list lacks raises no alarm', async () => {
    const { push, authorize, revoke, start, newToken, relist, write } = await everyAccount();
    await write((document) => ({ ...document, http: { listen: '127.0.0.1:0' } }));
    const ids = Array.from({ length: 30 }, (_, index) => `wx${String(index).padStart(16, '0')}`);
    for (const id of ids) await authorize(id);
    await push();
    const daemon = start();
    const { message } = await daemon.logged(/^health and metrics on /);
    const scrape = async () => {
      const answer = await fetch(`http://${/\d+\.\d+\.\d+\.\d+:\d+/.exec(message)?.[0]}/metrics`);
      return (await answer.text()).split('\n').filter((line) => line.includes('credential="all'));
    };
    for (const id of ids) await newToken(id);
    await eventually(async () =>
      (await scrape()).includes('wx_token_accounts{credential="all",state="fresh"} 30'),
    );
    const before = (await scrape()).length;
    await revoke(ids[0] ?? '');
    await relist();
    await daemon.logged((line) => line['errcode'] === 61_003);
    await eventually(async () => (await scrape()).includes('wx_token_accounts_unlisted{credential="all"} 1'));
    const lines = await scrape();
    expect(lines).toContain('wx_token_accounts{credential="all",state="fresh"} 29');
    expect(lines).toContain('wx_token_accounts{credential="all",state="dead"} 1');
    expect(lines).toContain('wx_token_consecutive_failures{credential="all",kind="token"} 0');
    expect(lines.filter((line) => /wx0000|all\./.test(line))).toEqual([]);
    expect(lines.some((line) => line.includes('/{appId}/token"'))).toBe(true);
    expect([before < 40, lines.length < 40]).toEqual([true, true]);
  });
});

describe('the example of the documentation', () => {
  it.each(['docs/third-parties.md', 'docs/zh-CN/third-parties.md'])(
    '%s serves every account',
    async (page) => {
      const { push, authorize, folder, ticket, sandbox } = await everyAccount();
      const text = await readFile(join(import.meta.dirname, '..', '..', page), 'utf8');
      const [example = ''] = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)]
        .map(([, yaml = '']) => yaml)
        .filter((yaml) => yaml.includes('type: authorizers'));
      const there = example
        .replaceAll('/var/run/wx-ticket/platform', ticket)
        .replaceAll('/var/run/wx/', `${folder}/run/`)
        .replaceAll('/etc/wx-token/', `${folder}/etc/`)
        .replaceAll('wx0000000000000000', PLATFORM);
      await mkdir(join(folder, 'etc'));
      await writeFile(join(folder, 'etc', 'platform.secret'), PLATFORM_SECRET, { mode: 0o600 });
      const config = join(folder, 'example.json');
      await writeFile(
        config,
        JSON.stringify({ ...parse(there), schedule: '* * * * * *', platform: { baseUrl: sandbox.url } }),
      );
      await authorize(FIRST);
      await authorize(SECOND);
      await push();
      const once = startProgram(['once', '--config', config], {}, onTestFinished);
      expect(await once.exited).toMatchObject({ code: 0 });
      const read = (id: string, name: string) => readFile(join(folder, 'run', 'accounts', id, name), 'utf8');
      for (const id of [FIRST, SECOND]) {
        expect((await read(id, 'token')).length).toBeGreaterThan(100);
        expect((await read(id, 'jsapi_ticket')).length).toBeGreaterThan(20);
      }
    },
  );
});
