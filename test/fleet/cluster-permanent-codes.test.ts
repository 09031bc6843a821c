import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { CORP, EXCHANGE, PROVIDER, SUITE } from '../e2e/permanent-codes.ts';
import { KEY, TOKEN } from '../push/receiving.ts';
import { contentOf } from '../support/files.ts';
import { LEASE_NAME, SECRET_NAME } from '../support/kubernetes/role.ts';
import { openShop } from '../support/kubernetes/shop.ts';
import { type Program, startProgram } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';

const SECRET = 's'.repeat(32);
const LEADS = /^became the leader/;

/** Daemons that share nothing but a Secret, each with a receiver and a volume of its own, for a suite and one corp. */
async function pods({ onTestFinished }: TestContext) {
  const sandbox = await openSandbox();
  onTestFinished(sandbox.close);
  await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: 'p'.repeat(32) });
  await sandbox.control('POST', '/suites', { suiteId: SUITE, secret: SECRET, provider: PROVIDER });
  const folder = await temporaryFolder();
  const shop = await openShop(folder, onTestFinished);

  async function start(name: string) {
    const at = (file: string) => join(folder, name, file);
    await mkdir(at('keys'), { recursive: true });
    const contents = { token: TOKEN, key: KEY, secret: SECRET };
    for (const [file, text] of Object.entries(contents)) await writeFile(at(`keys/${file}`), text);
    const push = {
      ...{ path: '/wx/suite', tokenFile: at('keys/token'), encodingAesKeyFile: at('keys/key') },
      permanentCodes: at('codes/{corpId}'),
    };
    const publish = (credential: string) => [{ type: 'file', path: at(`volume/${credential}`) }];
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
          ...{ name: 'suite', type: 'wecom-suite', suiteId: SUITE, secretFile: at('keys/secret') },
          ...{ ticket: { push }, publish: publish('suite') },
        },
        {
          ...{ name: 'corp', type: 'wecom-corp', via: 'suite', corpId: CORP },
          ...{ secretFile: at(`codes/${CORP}`), publish: publish('corp') },
        },
      ],
    };
    await writeFile(at('config.json'), JSON.stringify(document));
    const env = { KUBECONFIG: shop.refresher, WXTOKEN_CONFIG: at('config.json') };
    const program = startProgram([], { env }, onTestFinished);
    const { message } = await program.logged(/^pushes on /);
    const url = `http://${message.replace('pushes on ', '')}/wx/suite`;
    return Object.assign(program, {
      pushHere: () =>
        sandbox.control('PUT', `/suites/${SUITE}/receiver`, { url, token: TOKEN, encodingAesKey: KEY }),
      code: () => contentOf(at(`codes/${CORP}`)),
      token: (credential: string) => contentOf(at(`volume/${credential}`)),
    });
  }

  async function install(): Promise<string> {
    const answer = await sandbox.control('POST', `/suites/${SUITE}/corps`, { corpId: CORP });
    return String(answer['permanentCode']);
  }

  return { sandbox, shop, start, install };
}

async function end(program: Program, signal: NodeJS.Signals): Promise<void> {
  program.signal(signal);
  await program.exited;
}

describe('the permanent codes of a cluster', () => {
  it('a follower that is pushed a code keeps it for the leader, and every pod has the file, newcomers too', async (ctx) => {
    const { sandbox, shop, start, install } = await pods(ctx);
    const leader = await start('one');
    await leader.logged(LEADS);
    const follower = await start('two');
    await follower.pushHere();
    await eventually(() => leader.token('suite'), { for: 'the token of the suite' });
    const permanentCode = await install();
    for (const pod of [leader, follower])
      await eventually(async () => (await pod.code()) === permanentCode, { for: 'the file' });
    const newcomer = await start('three');
    await eventually(async () => (await newcomer.code()) === permanentCode, {
      for: 'the file of a newcomer',
    });
    const token = await eventually(() => newcomer.token('corp'), { for: 'the token of the corp' });
    await eventually(async () => (await leader.token('corp')) === token, { for: 'the same token' });
    expect(await sandbox.calls(EXCHANGE)).toBe(1);
    expect(follower.log().some(({ message }) => LEADS.test(message))).toBe(false);
    const kept = await shop.data();
    expect(Object.keys(kept)).toContain('suite.permanent-codes');
  });

  it('a leader that is killed before the exchange leaves it to the next one', async (ctx) => {
    const { sandbox, start, install } = await pods(ctx);
    const leader = await start('one');
    await leader.logged(LEADS);
    const follower = await start('two');
    await follower.pushHere();
    await eventually(() => follower.token('suite'), { for: 'the token of the suite' });
    await sandbox.faults([{ kind: 'status', status: 502, path: EXCHANGE }]);
    const permanentCode = await install();
    await eventually(async () => (await sandbox.calls(EXCHANGE)) > 0, { for: 'an exchange' });
    await end(leader, 'SIGKILL');
    await sandbox.clearFaults();
    await eventually(async () => (await follower.code()) === permanentCode, { for: 'the file' });
    await eventually(() => follower.token('corp'), { for: 'the token of the corp' });
  });
});
