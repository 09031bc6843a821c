import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { type SlowLink, startOverSlowLink } from '../support/slow-link/slow-link.ts';
import { eventually } from '../support/wait.ts';

const TOKEN = 'A_TOKEN_FROM_FAR_AWAY';
const FETCH = 'POST api.wx.test/cgi-bin/stable_token from';

/** One account whose platform is at api.wx.test. */
function account(platform: object = {}) {
  return (folder: string) => ({
    platform: { baseUrl: 'https://api.wx.test', caFile: join(folder, 'ca.pem'), ...platform },
    credentials: [
      {
        ...{ name: 'shop', type: 'stable-token', appId: 'wx0000000000000000' },
        secretFile: join(folder, 'secret'),
        publish: [{ type: 'file', path: join(folder, 'out/token') }],
      },
    ],
  });
}

/** As {@link account}, with a Secret and a webhook at the far end as well. */
function everything(folder: string) {
  const { platform, credentials } = account()(folder);
  const secret = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx', key: 'token' };
  const notify = [{ type: 'webhook', url: 'https://app.wx.test/changed', timeout: '10s' }];
  return {
    platform,
    credentials: credentials.map((each) => ({ ...each, publish: [...each.publish, secret], notify })),
  };
}

/** As {@link account}, in a cluster whose API server is at the far end. */
function clustered(lease: object = {}) {
  return (folder: string) => ({
    ...account()(folder),
    cluster: {
      lease: { namespace: 'shop', name: 'wx', ...lease },
      secret: { namespace: 'shop', name: 'wx' },
    },
  });
}

/** Runs `once` to its end. */
async function once(ctx: TestContext, link: SlowLink, timeout = '60s') {
  const { program, asked, read } = await startOverSlowLink(ctx, ['once', '--timeout', timeout], link);
  const { code } = await program.exited;
  return { code, said: program.stderr(), asked: await asked(), token: await read('out/token') };
}

/** A name with both families, of which IPv6 leads nowhere: this namespace has no route to it. */
const DUAL = ['10.9.0.2 api.wx.test', '2001:db8::5 api.wx.test'];

describe('a slow link', () => {
  it.for([
    [0.3, true],
    [0.3, false],
    [2, true],
  ] as const)(
    'a token comes over a round trip of %d s from a name whose IPv6 has no route, with ipv4First %s',
    async ([roundTrip, ipv4First], ctx) => {
      const told = await once(ctx, { hosts: DUAL, roundTrip, config: account({ ipv4First }) });
      expect(told).toMatchObject({ code: 0, token: TOKEN });
      expect(told.asked).toContain(`${FETCH} ::ffff:10.9.0.2`);
    },
  );

  it('a token comes from the one of many addresses that is alive', async (ctx) => {
    const dead = ['10.9.0.9', '10.9.0.10', '10.9.0.11', '10.9.0.12', 'fd09::9'];
    const hosts = [...dead, '10.9.0.2'].map((address) => `${address} api.wx.test`);
    const told = await once(ctx, { hosts, roundTrip: 0.3, config: account() });
    expect(told).toMatchObject({ code: 0, token: TOKEN });
    expect(told.asked).toContain(`${FETCH} ::ffff:10.9.0.2`);
  });

  it.for([
    ['has IPv6 alone', ['fd09::2 api.wx.test']],
    ['has an IPv4 address that is dead', ['10.9.0.9 api.wx.test', 'fd09::2 api.wx.test']],
  ] as const)('a token comes over IPv6 when the name %s', async ([, hosts], ctx) => {
    const told = await once(ctx, { hosts, roundTrip: 0.3, config: account() });
    expect(told).toMatchObject({ code: 0, token: TOKEN });
    expect(told.asked).toContain(`${FETCH} fd09::2`);
  });

  it('with ipv4First the call leaves by IPv4 although IPv6 works as well', async (ctx) => {
    const hosts = ['fd09::2 api.wx.test', '10.9.0.2 api.wx.test'];
    const told = await once(ctx, { hosts, roundTrip: 0.6, config: account() });
    expect(told).toMatchObject({ code: 0, token: TOKEN });
    expect(new Set(told.asked)).toEqual(new Set([`${FETCH} ::ffff:10.9.0.2`]));
  });

  it('a token comes from a name that takes three seconds to resolve', async (ctx) => {
    const told = await once(ctx, { hosts: [], roundTrip: 0.3, config: account() });
    expect(told).toMatchObject({ code: 0, token: TOKEN });
  });

  it('a token comes through a proxy whose name has an IPv6 address without a route', async (ctx) => {
    const hosts = ['10.9.0.2 proxy.wx.test', '2001:db8::5 proxy.wx.test'];
    const env = { HTTPS_PROXY: 'http://proxy.wx.test:3128' };
    const told = await once(ctx, { hosts, roundTrip: 0.3, config: account(), env });
    expect(told).toMatchObject({ code: 0, token: TOKEN });
    expect(told.asked[0]).toBe('CONNECT api.wx.test:443');
  });

  it.for([0.3, 2])('a Secret and a webhook are reached over a round trip of %d s', async (roundTrip, ctx) => {
    const names = ['api.wx.test', 'kube.wx.test', 'app.wx.test'];
    const hosts = names.flatMap((name) => [`10.9.0.2 ${name}`, `2001:db8::5 ${name}`]);
    const { asked } = await startOverSlowLink(ctx, ['run'], { hosts, roundTrip, config: everything });
    const arrived = (start: string) => async () => (await asked()).some((line) => line.startsWith(start));
    await eventually(arrived('PATCH kube.wx.test/api/v1/namespaces/shop/secrets/wx'));
    await eventually(arrived('POST app.wx.test/changed'));
  });

  it.for([
    ['the usual times of its Lease', {}],
    ['a Lease that is renewed seldom', { duration: '40s', renewDeadline: '30s', retryPeriod: '8s' }],
  ] as const)('a daemon leads over a round trip of 2 s, with %s', async ([, lease], ctx) => {
    const hosts = ['api.wx.test', 'kube.wx.test'].map((name) => `10.9.0.2 ${name}`);
    const config = clustered(lease);
    const { program, asked, read } = await startOverSlowLink(ctx, ['run'], { hosts, roundTrip: 2, config });
    await eventually(() => read('out/token'), { for: 'the token' });
    const renewals = async () => (await asked()).filter((line) => line.startsWith('PUT kube.wx.test'));
    await eventually(async () => (await renewals()).length > 2);
    // The usual renewDeadline of 10 s leaves no time for a new connection between two renewals, of which each takes 4 s.
    if ('renewDeadline' in lease) expect(program.stderr()).not.toContain('lost leadership');
  });

  it('what was tried is told when nothing answers', async (ctx) => {
    const hosts = ['10.9.0.9 api.wx.test', '2001:db8::5 api.wx.test'];
    const config = account({ timeout: '3s' });
    const { code, said } = await once(ctx, { hosts, roundTrip: 0.3, config }, '8s');
    expect(code).toBe(75);
    expect(said).toContain(
      'check egress: firewall, NetworkPolicy, proxy; where it is but slow, raise platform.timeout; ' +
        'tried 10.9.0.9 (IPv4): no answer, 2001:db8::5 (IPv6): no route (ENETUNREACH)',
    );
  });
});
