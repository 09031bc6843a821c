import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { KEY, TOKEN } from '../push/receiving.ts';
import { contentOf } from '../support/files.ts';
import { LEASE_NAME, SECRET_NAME } from '../support/kubernetes/role.ts';
import { openShop } from '../support/kubernetes/shop.ts';
import { startProgram } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';

const COMPONENT = 'wx0000000000000001';
const SECRET = 'c0ffee00'.repeat(4);
const LEADS = /^became the leader/;

/** Two daemons that share nothing but a Secret, each with a receiver of its own. */
async function pods({ onTestFinished }: TestContext) {
  const sandbox = await openSandbox();
  onTestFinished(sandbox.close);
  await sandbox.control('POST', '/components', { appId: COMPONENT, secret: SECRET });
  const folder = await temporaryFolder();
  const shop = await openShop(folder, onTestFinished);

  async function start(name: string) {
    const at = (file: string) => join(folder, name, file);
    await mkdir(at('keys'), { recursive: true });
    const contents = { token: TOKEN, key: KEY, secret: SECRET };
    for (const [file, text] of Object.entries(contents)) await writeFile(at(`keys/${file}`), text);
    const push = { path: '/wx/platform', tokenFile: at('keys/token'), encodingAesKeyFile: at('keys/key') };
    const document = {
      schedule: '* * * * * *',
      push: { listen: '127.0.0.1:0' },
      platform: { baseUrl: sandbox.url },
      cluster: {
        lease: { name: LEASE_NAME, duration: '5s', renewDeadline: '4s', retryPeriod: '500ms' },
        secret: { name: SECRET_NAME },
      },
      credentials: [
        {
          ...{ name: 'platform', type: 'component', appId: COMPONENT, secretFile: at('keys/secret') },
          ...{ ticket: { push }, publish: [{ type: 'file', path: at('volume/token') }] },
        },
      ],
    };
    await writeFile(at('config.json'), JSON.stringify(document));
    const env = { KUBECONFIG: shop.refresher, WXTOKEN_CONFIG: at('config.json') };
    const program = startProgram([], { env }, onTestFinished);
    const { message } = await program.logged(/^pushes on /);
    return {
      ...program,
      receiver: `http://${message.replace('pushes on ', '')}/wx/platform`,
      token: () => contentOf(at('volume/token')),
    };
  }

  return { sandbox, shop, start };
}

describe('pushes to a cluster', () => {
  it('a daemon that does not lead keeps the ticket for the one that does: one fetch, and all publish it', async (ctx) => {
    const { sandbox, shop, start } = await pods(ctx);
    const leader = await start('one');
    await leader.logged(LEADS);
    const follower = await start('two');
    await sandbox.control('PUT', `/components/${COMPONENT}/receiver`, {
      ...{ url: follower.receiver, token: TOKEN, encodingAesKey: KEY },
    });
    const token = await eventually(() => follower.token(), { for: 'the token of the follower' });
    await eventually(async () => (await leader.token()) === token, { for: 'the same token of the leader' });
    expect(follower.log().some(({ message }) => LEADS.test(message))).toBe(false);
    expect(await sandbox.calls('/cgi-bin/component/api_component_token')).toBe(1);
    expect(Object.keys(await shop.data())).toContain('platform.pushed');
  });

  it('pushes to one daemon and then to the other are all kept, and so are those that come twice', async (ctx) => {
    const { sandbox, start } = await pods(ctx);
    const receivers = [await start('one'), await start('two')];
    for (const { receiver } of receivers) {
      await sandbox.control('PUT', `/components/${COMPONENT}/receiver`, {
        ...{ url: receiver, token: TOKEN, encodingAesKey: KEY, duplicates: 3 },
      });
    }
    const deliveries = async () => {
      const path = `/components/${COMPONENT}/receiver`;
      return (await sandbox.control<{ deliveries: { answer: string }[] }>('GET', path)).deliveries;
    };
    await eventually(async () => (await deliveries()).length === 8, { for: 'all pushes' });
    expect((await deliveries()).map(({ answer }) => answer)).toEqual(Array(8).fill('success'));
    for (const { token } of receivers) await eventually(token, { for: 'the token' });
  });

  it('a ticket that a follower was pushed outlasts a leader that is killed before it could fetch', async (ctx) => {
    const { sandbox, shop, start } = await pods(ctx);
    const leader = await start('one');
    await leader.logged(LEADS);
    const follower = await start('two');
    await sandbox.faults([{ kind: 'status', status: 502, path: '/cgi-bin/component/api_component_token' }]);
    const receiver = `/components/${COMPONENT}/receiver`;
    await sandbox.control('PUT', receiver, { url: follower.receiver, token: TOKEN, encodingAesKey: KEY });
    await leader.logged((line) => line['credential'] === 'platform' && line['level'] === 'error');
    leader.signal('SIGKILL');
    await leader.exited;
    // Nothing is pushed any more.
    await sandbox.control('DELETE', receiver);
    await sandbox.clearFaults();
    const token = await eventually(follower.token, { for: 'a token of the next leader' });
    const next = await start('three');
    await eventually(async () => (await next.token()) === token, { for: 'the same token at a newcomer' });
    expect(Object.keys(await shop.data())).toContain('platform.pushed');
  });

  it('a failover loses neither the token nor the ticket with which the next one is fetched', async (ctx) => {
    const { sandbox, start } = await pods(ctx);
    const leader = await start('one');
    await leader.logged(LEADS);
    const follower = await start('two');
    const receiver = `/components/${COMPONENT}/receiver`;
    await sandbox.control('PUT', receiver, { url: follower.receiver, token: TOKEN, encodingAesKey: KEY });
    const token = await eventually(follower.token, { for: 'the token of the follower' });
    await sandbox.control('DELETE', receiver);
    leader.signal('SIGKILL');
    await leader.exited;
    await follower.logged(LEADS);
    expect(await follower.token()).toBe(token);
    expect(await sandbox.calls('/cgi-bin/component/api_component_token')).toBe(1);
    follower.signal('SIGHUP');
    await eventually(async () => (await follower.token()) !== token, { for: 'the next token' });
    expect(await sandbox.calls('/cgi-bin/component/api_component_token')).toBe(2);
  });
});
