import { describe, expect, it } from 'vitest';
import { LEASE_NAME, SECRET_NAME } from '../support/kubernetes/role.ts';
import { openShop } from '../support/kubernetes/shop.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { everyAccount, FIRST, SECOND } from './authorizers.ts';
import { PATHS } from './third-parties.ts';

/** An entry by a list whose daemon serves {@link FIRST} and has ended: the platform's token lives. */
async function known(changes: object = {}) {
  const bench = await everyAccount(changes);
  const { authorize, push, start, newToken, run } = bench;
  await authorize(FIRST);
  await push();
  const daemon = start();
  await newToken(FIRST);
  daemon.signal('SIGTERM');
  await daemon.exited;
  return {
    ...bench,
    async check(...args: string[]) {
      const { code, stdout, stderr } = await run(['check', '--online', ...args]);
      return { code, said: stdout().replaceAll(/\n {15}/g, ' '), stderr: stderr() };
    },
  };
}

describe('check --online of an entry by a list', () => {
  it('it tells what a daemon would serve and which accounts are new, and ends no token', async () => {
    const { check, authorize, calls, token, sandbox } = await known();
    await authorize(SECOND);
    const [components, lists] = [await calls('component'), await calls('list')];
    const { code, said } = await check();
    expect(said).toMatch(/^ {2}list {9}the platform lists 2 accounts: 2 would be served$/m);
    expect(said).toMatch(new RegExp(`^ {2}new {10}${SECOND}$`, 'm'));
    expect(said).toMatch(/; WeChat: 2 good$/m);
    expect(said).not.toContain('may be wrong');
    expect(code).toBe(0);
    expect([await calls('component'), await calls('list')]).toEqual([components, lists + 1]);
    for (const name of ['platform', FIRST]) {
      const answer = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${await token(name)}`);
      expect(await answer.json(), name).toHaveProperty('ip_list');
    }
    // It wrote nothing down: the same again.
    expect((await check()).said).toMatch(new RegExp(`^ {2}new {10}${SECOND}$`, 'm'));
  });

  it('it tells whom the list lacks, and of whom nothing would be left', async () => {
    const patient = await known();
    await patient.revoke(FIRST);
    expect((await patient.check()).said).toMatch(
      new RegExp(`^ {2}missing {6}served on although the list lacks them: ${FIRST}$`, 'm'),
    );
    const { revoke, relist, start, check } = await known({ removeAfter: '1ms' });
    await revoke(FIRST);
    const daemon = start();
    await relist();
    await daemon.logged((line) => line['missing'] === 1);
    daemon.signal('SIGTERM');
    await daemon.exited;
    // The platform tells its time in seconds: what it lacks, it lacks a second later for long enough.
    const said = await eventually(async () => {
      const { said: now } = await check();
      return now.includes('no longer served') && now;
    });
    expect(said).toMatch(new RegExp(`^ {2}gone {9}no longer served, and .* is removed: ${FIRST}$`, 'm'));
    expect(said).toContain('the platform lists 0 accounts: 0 would be served');
  });

  it('it tells which listed accounts would not be served, why, and what to do', async () => {
    const { check, write, path, authorize } = await known();
    await authorize(SECOND);
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...rest,
      credentials: [
        { ...platform, publish: [{ type: 'file', path: path(SECOND) }] },
        entry,
        {
          ...{ name: 'shop', type: 'authorizer', via: 'platform', appId: FIRST },
          publish: [{ type: 'file', path: path('shop') }],
        },
      ],
    }));
    const { said } = await check();
    expect(said).toContain('the platform lists 2 accounts: 0 would be served');
    expect(said).toContain(`have an entry of their own, which serves them: ${FIRST}`);
    expect(said).toMatch(
      new RegExp(
        `^ {2}WARNING {6}listed accounts .* something else is published .*: ${SECOND}; give the entry`,
        'm',
      ),
    );
  });

  it('without a token of the third party it asks for none, and says so and what a daemon has read', async () => {
    const bench = await everyAccount();
    const none = await bench.run(['check', '--online']);
    expect(none.code).toBe(0);
    expect(none.stdout()).toMatch(/^ {2}list {9}not asked: no live token of the third party is stored here/m);
    expect(none.stdout()).toContain('no daemon has read it yet');
    expect(none.stdout()).toMatch(/; WeChat: 1 good$/m);
    expect([await bench.calls('component'), await bench.calls('list')]).toEqual([0, 0]);
  });

  it.each([
    ['a passing fault', -1, 75],
    ['a token that is refused', 40001, 75],
    ['an address that is not allowed', 61004, 77],
  ] as const)('%s is told, with what a daemon has read', async (_, errcode, expected) => {
    const { check, sandbox } = await known();
    await sandbox.faults([{ kind: 'errcode', errcode, path: PATHS.list }]);
    const { code, said } = await check();
    expect([code, said.includes(`answer       ${errcode} `)]).toEqual([expected, true]);
    expect(said).toMatch(/a daemon read it \d+ s ago, with 1 account: 1 served$/m);
  });

  it('a list that does not add up is told', async () => {
    const { check, sandbox } = await known();
    await sandbox.faults([{ kind: 'body', body: '{"total_count":2,"list":[]}', path: PATHS.list }]);
    const { code, said } = await check();
    expect(code).toBe(0);
    expect(said).toMatch(
      /^ {2}WARNING {6}the list changed while it was read, or does not have as many accounts/m,
    );
    expect(said).toContain('the platform lists 1 account: 1 would be served');
  });

  it('in a cluster the token and the list are those in its Secret, and the limit is what that holds', async (ctx) => {
    const { folder, write, config, authorize, push, newToken, calls } = await everyAccount();
    const shop = await openShop(folder, ctx.onTestFinished);
    await write((document) => ({
      ...document,
      cluster: {
        lease: { namespace: 'shop', name: LEASE_NAME },
        secret: { namespace: 'shop', name: SECRET_NAME },
      },
    }));
    const ids = Array.from({ length: 100 }, (_, index) => `wx${String(index).padStart(16, '0')}`);
    await authorize(FIRST);
    await push();
    const env = { KUBECONFIG: shop.refresher };
    const daemon = startProgram(['--config', config], { env }, ctx.onTestFinished);
    await newToken(FIRST);
    daemon.signal('SIGTERM');
    await daemon.exited;
    for (const id of ids) await authorize(id);
    const check = startProgram(['check', '--online', '--config', config], { env }, ctx.onTestFinished);
    await check.exited;
    const said = check.stdout().replaceAll(/\n {15}/g, ' ');
    expect(said).toContain('as the platform lists them, at most 98');
    expect(said).toContain('the platform lists 101 accounts: 98 would be served');
    expect(said).toMatch(
      /^ {2}WARNING {6}listed accounts are not served: there are too many: wx0000000000000097, wx0000000000000098, wx0000000000000099; let another daemon/m,
    );
    expect(await calls('component')).toBe(1);
  });
});
