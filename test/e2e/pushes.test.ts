import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KEY, OLD_KEY, TOKEN } from '../push/receiving.ts';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis-server.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';

const COMPONENT = 'wx0000000000000001';
const SUITE = 'ww1111111111111111';
const PROVIDER = 'ww0000000000000001';
const SHOP = 'wx1111111111111111';
const SECRET = 'c0ffee00'.repeat(4);
const PATHS = {
  component: '/cgi-bin/component/api_component_token',
  authorizer: '/cgi-bin/component/api_authorizer_token',
  query: '/cgi-bin/component/api_query_auth',
  suite: '/cgi-bin/service/get_suite_token',
};

/** What `status --json` says of a credential. */
interface Told {
  readonly pushed_ticket?: { readonly state: string; readonly trouble?: object };
}

interface Pushed {
  readonly deliveries: readonly {
    readonly infoType: string;
    readonly status: number | null;
    readonly answer: string;
  }[];
}

/** A platform that pushes to a daemon, a suite beside it, and the daemon's folder. */
async function pushing({ push = {}, http, redis }: { push?: object; http?: string; redis?: number } = {}) {
  const sandbox = await openSandbox();
  onTestFinished(sandbox.close);
  await sandbox.control('POST', '/components', { appId: COMPONENT, secret: SECRET });
  await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: SECRET });
  await sandbox.control('POST', '/suites', { suiteId: SUITE, secret: SECRET, provider: PROVIDER });
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'keys'));
  const file = async (name: string, content: string) => {
    const path = join(folder, 'keys', name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const tokenFile = await file('token', `${TOKEN}\n`);
  const keys = { tokenFile, encodingAesKeyFile: await file('key', `${KEY}\n`) };
  const secretFile = await file('secret', SECRET);
  const path = (name: string, of = 'wx') => join(folder, of, name, 'token');
  const config = join(folder, 'config.json');
  const write = (previous?: string, to = config, of = 'wx') => {
    const publish = (name: string) => [{ type: 'file', path: path(name, of) }];
    return writeFile(
      to,
      JSON.stringify({
        schedule: '* * * * * *',
        // On Redis each daemon has a state folder of its own, as on machines of their own.
        stateDir: join(folder, redis === undefined ? 'state' : `state-${of}`),
        ...(redis !== undefined && {
          redis: [{ name: 'cache', url: `redis://127.0.0.1:${redis}` }],
          state: { redis: { connection: 'cache' } },
        }),
        platform: { baseUrl: sandbox.url },
        push: { listen: '127.0.0.1:0' },
        ...(http !== undefined && { http: { listen: http } }),
        credentials: [
          {
            ...{ name: 'platform', type: 'component', appId: COMPONENT, secretFile },
            ticket: {
              push: {
                path: '/wx/platform',
                ...keys,
                ...push,
                ...(previous && { previousEncodingAesKeyFile: previous }),
              },
            },
            publish: publish('platform'),
          },
          { name: 'shop', type: 'authorizer', via: 'platform', appId: SHOP, publish: publish('shop') },
          {
            ...{ name: 'suite', type: 'wecom-suite', suiteId: SUITE, secretFile },
            ticket: { push: { path: '/wx/suite', ...keys, corpId: PROVIDER } },
            publish: publish('suite'),
          },
        ],
      }),
    );
  };
  await write();

  const start = async (from = config) => {
    const daemon = startProgram(['--config', from], {}, onTestFinished);
    const line = await daemon.logged(/^pushes on /);
    return { daemon, receiver: `http://${line.message.replace('pushes on ', '')}` };
  };
  const register = (receiver: string, changes: object = {}) =>
    sandbox.control('PUT', `/components/${COMPONENT}/receiver`, {
      ...{ url: `${receiver}/wx/platform`, token: TOKEN, encodingAesKey: KEY },
      ...changes,
    });
  const registerSuite = (receiver: string) =>
    sandbox.control('PUT', `/suites/${SUITE}/receiver`, {
      ...{ url: `${receiver}/wx/suite`, token: TOKEN, encodingAesKey: KEY },
    });
  const token = (name: string) => contentOf(path(name));
  return {
    ...{ sandbox, folder, start: () => start(), register, registerSuite, file, write, token },
    /** Another daemon of the same accounts and state folder, which publishes elsewhere. */
    async sibling() {
      const other = join(folder, 'other.json');
      await write(undefined, other, 'other');
      return { start: () => start(other), token: (name: string) => contentOf(path(name, 'other')) };
    },
    newToken: (name: string, than?: string) =>
      eventually(
        async () => {
          const value = await token(name);
          return value !== than && value;
        },
        { for: `a token of ${name}` },
      ),
    async once(timeout: string) {
      const args = ['once', '--timeout', timeout, '--config', config];
      const program = startProgram(args, {}, onTestFinished);
      const { code } = await program.exited;
      return {
        code,
        unpublished: (name: string) =>
          program
            .log()
            .find((line) => line['credential'] === name && line.message.startsWith('not published')),
      };
    },
    async status() {
      const shown = (args: readonly string[]) =>
        startProgram(['status', ...args, '--config', config], {}, onTestFinished);
      const [table, json] = [shown([]), shown(['--json'])];
      await Promise.all([table.exited, json.exited]);
      const { credentials } = JSON.parse(json.stdout()) as { credentials: readonly Told[] };
      return { text: table.stdout(), credentials };
    },
    authorize: () => sandbox.control('POST', `/components/${COMPONENT}/authorizers`, { appId: SHOP }),
    deliveries: async () =>
      (await sandbox.control<Pushed>('GET', `/components/${COMPONENT}/receiver`)).deliveries,
    calls: (of: keyof typeof PATHS) => sandbox.calls(PATHS[of]),
  };
}

describe('a daemon that the platform pushes to', () => {
  it.each([
    ['Token', { token: 'another-token' }, 'push-signature', 'not signed with the Token'],
    ['EncodingAESKey', { encodingAesKey: OLD_KEY }, 'push-decryption', 'does not open it'],
  ])(
    'a wrong %s is told by log and status, with how often and what to do, until it is right',
    async (_, wrong, code, why) => {
      const { start, register, sandbox, status, newToken } = await pushing();
      const { daemon, receiver } = await start();
      await register(receiver, wrong);
      const line = await daemon.logged((one) => one.message.startsWith('a push was refused'));
      expect(line).toMatchObject({ credential: 'platform', verdict: 'refused' });
      expect(line.message).toContain(why);
      await sandbox.control('POST', `/components/${COMPONENT}/tickets`);
      const { text } = await eventually(async () => {
        const found = await status();
        return new RegExp(`ticket-in .*none .*${code}`).test(found.text) && found;
      });
      expect(text.replace(/\s+/g, ' ')).toMatch(
        new RegExp(`pushes pushes are refused: it is .*${why}.* to do .*open\\.weixin\\.qq\\.com`),
      );
      await register(receiver);
      await newToken('platform');
      await eventually(async () => {
        const [platform] = (await status()).credentials;
        return platform?.pushed_ticket?.state === 'flowing' && platform.pushed_ticket.trouble === undefined;
      });
    },
  );

  it('a component and a suite get their tokens from the pushed tickets, and a restart costs no call', async () => {
    const { start, register, registerSuite, newToken, sandbox, calls } = await pushing();
    const first = await start();
    await register(first.receiver);
    await registerSuite(first.receiver);
    const [platform, suite] = [await newToken('platform'), await newToken('suite')];
    first.daemon.signal('SIGTERM');
    expect(await first.daemon.exited).toMatchObject({ code: 0 });
    await sandbox.control('DELETE', `/components/${COMPONENT}/receiver`);
    await sandbox.control('DELETE', `/suites/${SUITE}/receiver`);
    const before = [await calls('component'), await calls('suite')];

    const second = await start();
    await second.daemon.logged((line) => line.message.includes('adopted') && line['credential'] === 'suite');
    second.daemon.signal('SIGTERM');
    await second.daemon.exited;
    expect([await newToken('platform'), await newToken('suite')]).toEqual([platform, suite]);
    expect([await calls('component'), await calls('suite')]).toEqual(before);
    expect(before).toEqual([1, 1]);
  });

  it('once opens no receiver and says so; it publishes with a ticket that a daemon has kept', async () => {
    const { start, register, newToken, once, sandbox, folder } = await pushing();
    const first = await once('2s');
    expect(first.code).toBe(75);
    for (const name of ['platform', 'suite'])
      expect(first.unpublished(name)).toMatchObject({
        message: 'not published: timed out: no ticket has come from the platform',
        advice: expect.stringContaining('once opens no receiver'),
      });
    await sandbox.faults([{ kind: 'status', status: 502, path: PATHS.component }]);
    const { daemon, receiver } = await start();
    await register(receiver);
    await eventually(async () =>
      (await readdir(join(folder, 'state'))).some((name) => name.endsWith('.pushed')),
    );
    daemon.signal('SIGTERM');
    await daemon.exited;
    await sandbox.clearFaults();
    await eventually(async () => (await once('3s')).unpublished('platform') === undefined, {
      for: 'a once that publishes with the ticket',
    });
    expect(await newToken('platform')).toMatch(/^[\w-]{136}$/);
  });

  it('a ticket outlasts the daemon that received it: the next one fetches with it, without a push', async () => {
    const { start, register, newToken, sandbox, folder } = await pushing();
    const first = await start();
    await sandbox.faults([{ kind: 'status', status: 502, path: PATHS.component }]);
    await register(first.receiver);
    await eventually(async () =>
      (await readdir(join(folder, 'state'))).some((name) => name.endsWith('.pushed')),
    );
    first.daemon.signal('SIGKILL');
    await first.daemon.exited;
    await sandbox.control('DELETE', `/components/${COMPONENT}/receiver`);
    await sandbox.clearFaults();
    await start();
    expect(await newToken('platform')).toMatch(/^[\w-]{136}$/);
  });

  it('of two daemons of one state folder either may receive: both publish the token of one fetch', async () => {
    const { start, register, newToken, calls, sibling } = await pushing();
    const other = await sibling();
    await start();
    const { receiver } = await other.start();
    await register(receiver);
    const platform = await newToken('platform');
    await eventually(async () => (await other.token('platform')) === platform);
    expect(await calls('component')).toBe(1);
  });

  it('of two machines on one Redis either may receive: the one that it did not reach fetches with the ticket', async (ctx) => {
    const redis = await startRedis(ctx);
    const one = await pushing({ redis: redis.port });
    const { start, register, newToken, sibling, sandbox, folder } = one;
    const other = await sibling();
    await start();
    // The one that receives dies before it has fetched.
    await sandbox.faults([{ kind: 'status', status: 502, path: PATHS.component }]);
    const { daemon, receiver } = await other.start();
    await register(receiver);
    await eventually(async () => (await redis.cli('KEYS', '*:pushed')) !== '');
    daemon.signal('SIGKILL');
    await daemon.exited;
    await sandbox.control('DELETE', `/components/${COMPONENT}/receiver`);
    await sandbox.clearFaults();
    expect(await newToken('platform')).toMatch(/^[\w-]{136}$/);
    for (const of of ['wx', 'other']) {
      const files = await readdir(join(folder, `state-${of}`));
      expect(files.filter((name) => name.endsWith('.pushed'))).toEqual([]);
    }
  });

  it('after a change of the key pushes under the key before are still read, without a restart', async () => {
    const { start, register, deliveries, file, write, sandbox } = await pushing();
    const { daemon, receiver } = await start();
    await register(receiver, { encodingAesKey: OLD_KEY });
    await eventually(async () => (await deliveries()).length === 1);
    expect((await deliveries())[0]).toMatchObject({ status: 403, answer: '' });
    await write(await file('key.old', OLD_KEY));
    await daemon.logged(/configuration/);
    await eventually(async () => {
      await sandbox.control('POST', `/components/${COMPONENT}/tickets`);
      return (await deliveries()).at(-1)?.answer === 'success';
    });
  });

  it('a mini program that the platform has registered gets its token by the code of that event', async () => {
    const { start, register, newToken, calls, sandbox } = await pushing();
    const { receiver } = await start();
    await register(receiver);
    await newToken('platform');
    await sandbox.control('POST', `/components/${COMPONENT}/authorizers`, { appId: SHOP, registered: true });
    await newToken('shop');
    expect(await calls('query')).toBe(1);
  });

  it('an account that authorises gets its token within moments: its code is exchanged, once', async () => {
    const { start, register, newToken, authorize, calls, deliveries, sandbox } = await pushing();
    const { daemon, receiver } = await start();
    await register(receiver, { duplicates: 3 });
    await newToken('platform');
    await authorize();
    const shop = await newToken('shop');
    expect(await calls('query')).toBe(1);
    await daemon.logged((line) => line['reason'] === 'authorised' && line['credential'] === 'shop');

    // Another authorisation ends the token at once; the event tells, and no reader has to. The next token is the one that its
    // code brings: the exchange is a fetch of the account, so no other is under way that it would replace.
    await authorize();
    const next = await newToken('shop', shop);
    const response = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${next}`);
    expect(JSON.parse(await response.text())).toHaveProperty('ip_list');
    // Each push comes four times.
    await eventually(
      async () => (await deliveries()).filter(({ infoType }) => infoType === 'updateauthorized').length === 4,
    );
    expect([await calls('query'), await calls('authorizer')]).toEqual([2, 0]);
    expect(await newToken('shop')).toBe(next);
  });

  it('the log holds the type, the age and the verdict of pushes, and nothing that they hold', async () => {
    const { start, register, newToken, authorize, folder } = await pushing();
    const { daemon, receiver } = await start();
    await register(receiver);
    await newToken('platform');
    const { authorizationCode } = await authorize();
    await newToken('shop');
    const line = await daemon.logged((told) => told['info_type'] === 'authorized');
    expect(line).toMatchObject({ message: 'push received', credential: 'platform', verdict: 'event' });
    await fetch(`${receiver}/wx/platform?timestamp=1&nonce=1&msg_signature=1`, {
      method: 'POST',
      body: `<xml><AppId>${COMPONENT}</AppId><Encrypt>AAAA</Encrypt></xml>`,
    });
    await daemon.logged((told) => told['verdict'] === 'refused');
    const names = await readdir(join(folder, 'state'));
    const kept = names.find((name) => name.endsWith('.pushed')) ?? '';
    const { ticket } = JSON.parse(await readFile(join(folder, 'state', kept), 'utf8'));
    expect(ticket).toMatch(/^ticket@@@/);
    const said = daemon.stderr() + daemon.stdout();
    for (const secret of [ticket, String(authorizationCode), TOKEN, KEY, SECRET])
      expect(said).not.toContain(secret);
  });

  it('the URL of a suite passes the check of the console', async () => {
    const { start, registerSuite, sandbox } = await pushing();
    const { receiver } = await start();
    await registerSuite(receiver);
    const checked = await sandbox.control('POST', `/suites/${SUITE}/receiver/check`, {
      echo: '1616140317555161061',
    });
    expect(checked).toEqual({ status: 200, answer: '1616140317555161061' });
  });

  it('pushes are counted by verdict', async () => {
    const { start, register, newToken } = await pushing({ http: '127.0.0.1:0' });
    const { daemon, receiver } = await start();
    const health = await daemon.logged(/^health and metrics on /);
    await register(receiver);
    await newToken('platform');
    await fetch(`${receiver}/wx/platform`, { method: 'POST', body: '' });
    const scrape = async () =>
      (await fetch(`http://${health.message.replace('health and metrics on ', '')}/metrics`)).text();
    await eventually(async () =>
      (await scrape()).includes('wx_token_pushes_total{credential="",verdict="refused"} 1'),
    );
    expect(await scrape()).toContain('wx_token_pushes_total{credential="platform",verdict="ticket"} 1');
  });
});
