import { describe, expect, it } from 'vitest';
import { APP_ID, APP_SECRET } from '../e2e/workbench.ts';
import { SHOP_LEASE } from '../support/kubernetes/shop.ts';
import { eventually } from '../support/wait.ts';
import { cluster, type LeaseTimes } from './cluster.ts';

const OTHER = { appId: 'wx1111111111111111', secret: APP_SECRET };

/** So short that three of them are over in a test; who leads here has nothing else to do. */
const TIMES: LeaseTimes = { duration: 3_000, renewDeadline: 2_000, retryPeriod: 300 };

/** A holder that no daemon would wait out. */
const FOREIGNER = {
  holderIdentity: 'somebody-else',
  leaseDurationSeconds: 2_147_483_647,
  renewTime: '2099-01-01T00:00:00.000000Z',
};

describe.concurrent('a leader that brings no token', () => {
  it('a waiting follower names the leader in its log, on its HTTP pages and in `once`', async ({
    onTestFinished,
  }) => {
    const accounts = [{ appId: APP_ID, secret: APP_SECRET }, OTHER];
    const other = { name: 'other', appId: OTHER.appId };
    const options = { size: 1, times: TIMES, rules: { accounts }, changes: [{}, other] };
    const group = await cluster(onTestFinished, options);
    await group.settled();
    const [pod] = group.pods;
    if (!pod) throw new TypeError('one is needed');
    await group.shop.ask('PATCH', SHOP_LEASE, { spec: FOREIGNER });
    await pod.logged(/^somebody-else holds the Lease: this daemon follows it$/);

    const once = await pod.beside(['once', '--timeout', '10s']);
    expect(once.code).toBe(75);
    expect(once.stderr).toContain('not published: timed out: somebody-else leads and delivered nothing');

    const isTold = ({ message }: { readonly message: string }) =>
      message.startsWith('no token received for ');
    await pod.change(other);
    const told = await pod.logged(isTold);
    expect(told).toMatchObject({ level: 'warn', credential: 'other', holder: 'somebody-else' });
    expect(told.message).toMatch(/: somebody-else leads and alone may fetch it$/);
    expect(await pod.metrics('/readyz')).toContain(
      'other token: not published: waits for somebody-else, which leads',
    );
    const [status] = JSON.parse(await pod.metrics('/')).credentials;
    expect(status.next.what).toBe('waits for somebody-else, which leads');

    await eventually(async () => {
      const { stdout } = await pod.command(['status']);
      return / waits for somebody-else, which leads/.test(stdout);
    });

    await group.shop.ask('PATCH', SHOP_LEASE, { spec: { holderIdentity: '' } });
    await eventually(async () => (await group.shop.data())['other']);
    expect(pod.log().filter(isTold)).toHaveLength(1);
    await eventually(async () => /^other token: valid for /m.test(await pod.metrics('/readyz')));
  });
});
