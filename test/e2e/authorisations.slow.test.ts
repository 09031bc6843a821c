import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { makeCertificates } from '../providers/certificates.ts';
import { KEY, TOKEN } from '../push/receiving.ts';
import { startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { type Environment, startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { PATHS, PLATFORM, PLATFORM_SECRET, SHOP, thirdParty } from './third-parties.ts';

const QUERY = '/cgi-bin/component/api_query_auth';

/** What all daemons share their state by. */
interface State {
  /** Keys of the configuration. */
  readonly keys: object;
  /** Whether each has a state folder of its own. */
  readonly isElsewhere: boolean;
  readonly env?: Environment;
  /** What is kept there in the clear where anybody who may read metadata reads it. */
  readonly metadata?: () => string;
}

const folder = async (): Promise<State> => ({ keys: {}, isElsewhere: false });

async function redis(ctx: TestContext): Promise<State> {
  const server = await startRedis(ctx);
  return {
    keys: {
      redis: [{ name: 'cache', url: `redis://127.0.0.1:${server.port}` }],
      state: { redis: { connection: 'cache' } },
    },
    isElsewhere: true,
  };
}

async function cluster(_ctx: TestContext, at: string): Promise<State> {
  const made = await makeCertificates();
  const tls = typeof made === 'string' ? undefined : { ...made.server, ca: made.authority };
  const server = await startApiServer(tls ? { tls } : {});
  onTestFinished(server.close);
  const file = join(at, 'kubeconfig');
  await writeFile(file, kubeconfig({ server: server.url, ca: tls?.ca, user: { token: server.adminToken } }));
  server.direct('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  server.direct('POST', '/apis/coordination.k8s.io/v1/namespaces/shop/leases', { metadata: { name: 'wx' } });
  server.direct('POST', '/api/v1/namespaces/shop/secrets', { metadata: { name: 'wx-state' } });
  return {
    keys: {
      cluster: {
        lease: { namespace: 'shop', name: 'wx' },
        secret: { namespace: 'shop', name: 'wx-state' },
      },
    },
    isElsewhere: true,
    env: { KUBECONFIG: file },
    metadata: () =>
      JSON.stringify(
        (server.direct('GET', '/api/v1/namespaces/shop/secrets/wx-state') as { metadata: object }).metadata,
      ),
  };
}

/** A third-party platform with an account, and daemons that share their state, each with a receiver of its own. */
async function daemons(open: (at: string) => Promise<State>) {
  const party = await thirdParty(onTestFinished);
  const { sandbox, folder: at, path } = party;
  const { keys, isElsewhere, env, metadata } = await open(at);
  const file = async (name: string, content: string) => {
    await writeFile(join(at, name), content, { mode: 0o600 });
    return join(at, name);
  };
  const push = {
    path: '/wx/platform',
    tokenFile: await file('push.token', TOKEN),
    encodingAesKeyFile: await file('push.key', KEY),
  };
  const secretFile = await file('platform.secret', PLATFORM_SECRET);

  async function start(name: string) {
    const publish = (credential: string) => [{ type: 'file', path: path(`${name}/${credential}`) }];
    const config = await file(
      `${name}.json`,
      JSON.stringify({
        schedule: '* * * * * *',
        stateDir: join(at, isElsewhere ? `state-${name}` : 'state'),
        platform: { baseUrl: sandbox.url },
        push: { listen: '127.0.0.1:0' },
        ...keys,
        credentials: [
          {
            ...{ name: 'platform', type: 'component', appId: PLATFORM, secretFile, ticket: { push } },
            publish: publish('platform'),
          },
          { name: 'shop', type: 'authorizer', via: 'platform', appId: SHOP, publish: publish('shop') },
        ],
      }),
    );
    const program = startProgram(['--config', config], { ...(env && { env }) }, onTestFinished);
    const { message } = await program.logged(/^pushes on /);
    return { program, receiver: message.replace('pushes on ', 'http://'), config, ...(env && { env }) };
  }

  return {
    ...{ ...party, start, metadata },
    /** The platform pushes to that one from now on. */
    pushTo: (receiver: string) =>
      sandbox.control('PUT', `/components/${PLATFORM}/receiver`, {
        ...{ url: `${receiver}/wx/platform`, token: TOKEN, encodingAesKey: KEY },
      }),
  };
}

describe.each([
  ['of one state folder', folder],
  ['of one Redis', redis],
  ['of a cluster', cluster],
] as const)('two daemons %s', (_name, open) => {
  it('a code that is pushed to one is exchanged when the fetch of the other has ended, and brings the token', async (ctx) => {
    const { start, pushTo, authorize, newToken, calls, sandbox, metadata } = await daemons((at) =>
      open(ctx, at),
    );
    const one = await start('one');
    await pushTo(one.receiver);
    await newToken('one/platform');
    await authorize(false);
    const first = await newToken('one/shop');

    // The first one fetches, and the answer takes its time. Meanwhile the other one starts, and is pushed the code.
    await sandbox.faults([{ kind: 'latency', ms: 3_000, path: PATHS.authorizer, times: 1 }]);
    const asked = await calls('authorizer');
    const args = ['refresh', 'shop', '--config', one.config];
    startProgram(args, { ...(one.env && { env: one.env }) }, onTestFinished);
    await eventually(async () => (await calls('authorizer')) > asked);
    const two = await start('two');
    await pushTo(two.receiver);
    const code = await authorize(false);
    const { time: endedAt } = await one.program.logged(
      (line) => line.message.startsWith('fetched a new token') && line['reason'] === 'requested',
    );
    const exchanges = () =>
      sandbox.journal().then((entries) => entries.filter((entry) => entry.path === QUERY));
    await eventually(async () => (await exchanges()).length === 2);
    const [, exchange] = await exchanges();
    expect(exchange?.at).toBeGreaterThanOrEqual(Date.parse(endedAt));

    // Both publish what the code brought, which nothing has replaced.
    const accepted = async (token: string | undefined) => {
      const answer = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${token}`);
      return 'ip_list' in JSON.parse(await answer.text());
    };
    await eventually(async () => accepted(await newToken('one/shop', first)));
    const last = await newToken('one/shop');
    await eventually(async () => (await newToken('two/shop')) === last);
    expect(await calls('authorizer')).toBe(asked + 1);
    expect(metadata?.() ?? '').not.toContain(code);
  });
});
describe('a daemon that is killed while it exchanges a code', () => {
  it.each(['hang', 'lost-answer'] as const)(
    'the next one finds out whether the token lives (%s)',
    async (kind) => {
      const { start, pushTo, authorize, newToken, sandbox, calls } = await daemons(folder);
      const killed = await start('one');
      await pushTo(killed.receiver);
      await newToken('one/platform');
      await authorize(false);
      const first = await newToken('one/shop');
      await sandbox.faults([{ kind, path: QUERY, times: 1 }]);
      await authorize(false);
      await eventually(async () => (await sandbox.calls(QUERY)) === 2);
      killed.program.signal('SIGKILL');
      await killed.program.exited;
      await sandbox.clearFaults();
      // Its intent says so; the refresh token of before is refused, and the list has the new one.
      await start('one');
      const next = await newToken('one/shop', first);
      const answer = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${next}`);
      expect(JSON.parse(await answer.text())).toHaveProperty('ip_list');
      expect(await calls('authorizer')).toBeLessThanOrEqual(2);
    },
  );
});
