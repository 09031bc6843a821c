import { describe, expect, it } from 'vitest';
import {
  COMPONENT,
  KEY,
  OLD_KEY,
  PROVIDER,
  type Receiving,
  receiving,
  SUITE,
  TOKEN,
} from '../push/receiving.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { atNoon } from './client.ts';

interface Pushed {
  readonly deliveries: readonly {
    readonly infoType: string;
    readonly pad: number;
    readonly status: number | null;
    readonly answer: string;
  }[];
}

const MINUTE = 60_000;
const SHOP = 'wx1111111111111111';
const SECRET = 's'.repeat(32);

/** A sandbox with a component and a suite, and a receiver of both. */
async function withReceiver() {
  const receiver = await receiving({ now: () => sandboxNow });
  const sandbox = await atNoon({ accounts: [] });
  let sandboxNow = await sandbox.advance(0);
  await sandbox.control('POST', '/components', { appId: COMPONENT, secret: SECRET });
  await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: SECRET });
  await sandbox.control('POST', '/suites', { suiteId: SUITE, secret: SECRET, provider: PROVIDER });
  return {
    sandbox,
    receiver,
    async advance(ms: number) {
      sandboxNow += ms;
      await sandbox.advance(ms);
    },
  };
}

const OF_COMPONENT = `/components/${COMPONENT}`;
const OF_SUITE = `/suites/${SUITE}`;

function register(sandbox: TestSandbox, receiver: Receiving, changes: object = {}, of = OF_COMPONENT) {
  const url = receiver.url + (of === OF_COMPONENT ? '/wx/platform' : '/wx/suite');
  const body = { url, token: TOKEN, encodingAesKey: KEY, ...changes };
  return sandbox.control('PUT', `${of}/receiver`, body);
}

async function deliveries(sandbox: TestSandbox, of = OF_COMPONENT) {
  return (await sandbox.control<Pushed>('GET', `${of}/receiver`)).deliveries;
}

/** Waits until that many pushes have been answered. */
async function pushed(sandbox: TestSandbox, count: number, of = OF_COMPONENT): Promise<Pushed['deliveries']> {
  await eventually(async () => (await deliveries(sandbox, of)).length >= count, { for: `${count} pushes` });
  return await deliveries(sandbox, of);
}

describe('pushes of the sandbox', () => {
  it.each([
    [OF_COMPONENT, 'component_verify_ticket', 10 * MINUTE],
    [OF_SUITE, 'suite_ticket', 10 * MINUTE],
  ])(
    'to the receiver of %s a ticket is pushed at once and then every ten minutes',
    async (of, infoType, gap) => {
      const { sandbox, receiver, advance } = await withReceiver();
      await register(sandbox, receiver, {}, of);
      expect(await pushed(sandbox, 1, of)).toMatchObject([{ infoType, status: 200, answer: 'success' }]);
      await advance(gap - 1);
      await advance(1);
      await pushed(sandbox, 2, of);
      expect(receiver.kept.map(({ createdAt }) => createdAt)).toHaveLength(2);
      expect(new Set(receiver.kept.map(({ value }) => value)).size).toBe(2);
    },
  );

  it('a pushed ticket gets the component its token', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver);
    await pushed(sandbox, 1);
    const response = await fetch(`${sandbox.url}/cgi-bin/component/api_component_token`, {
      method: 'POST',
      body: JSON.stringify({
        component_appid: COMPONENT,
        component_appsecret: SECRET,
        component_verify_ticket: receiver.kept[0]?.value,
      }),
    });
    expect(JSON.parse(await response.text())).toMatchObject({ expires_in: 7200 });
  });

  it('every padding from 1 to 32 bytes occurs in 32 pushes, and each is read', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver);
    for (let times = 1; times < 32; times += 1) await sandbox.control('POST', `${OF_COMPONENT}/tickets`);
    const sent = await pushed(sandbox, 32);
    expect(sent.map(({ pad }) => pad).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 32 }, (_, at) => at + 1),
    );
    expect(sent.every(({ answer }) => answer === 'success')).toBe(true);
    expect(receiver.kept).toHaveLength(32);
  });

  it('a push may be sent more than once, as it was', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver, { duplicates: 2 });
    await pushed(sandbox, 3);
    expect(new Set(receiver.kept.map(({ value }) => value)).size).toBe(1);
  });

  it('after the key was changed the first pushes bear the key before', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver, { encodingAesKey: OLD_KEY });
    await pushed(sandbox, 1);
    await register(sandbox, receiver, { previous: { encodingAesKey: OLD_KEY, pushes: 1 } });
    await sandbox.control('POST', `${OF_COMPONENT}/tickets`);
    expect((await pushed(sandbox, 3)).map(({ answer }) => answer)).toEqual(['success', 'success', 'success']);
  });

  it('a wrong key, a wrong path and no receiver are told', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver, { encodingAesKey: 'x'.repeat(43) });
    await pushed(sandbox, 1);
    await register(sandbox, receiver, { url: `${receiver.url}/other` });
    await pushed(sandbox, 2);
    await register(sandbox, receiver, { url: 'http://127.0.0.1:1/x' });
    expect((await pushed(sandbox, 3)).map(({ status }) => status)).toEqual([403, 404, null]);
    await sandbox.control('DELETE', `${OF_COMPONENT}/receiver`);
    await expect(sandbox.control('GET', `${OF_COMPONENT}/receiver`)).rejects.toThrow('404');
  });

  it('while pushes have stopped no ticket comes, until the platform is asked to start them', async () => {
    const { sandbox, receiver, advance } = await withReceiver();
    await register(sandbox, receiver);
    await pushed(sandbox, 1);
    await sandbox.control('PATCH', OF_COMPONENT, { pushing: false });
    for (let hours = 0; hours < 3; hours += 1) await advance(60 * MINUTE);
    expect(await deliveries(sandbox)).toHaveLength(1);
    await fetch(`${sandbox.url}/cgi-bin/component/api_start_push_ticket`, {
      method: 'POST',
      body: JSON.stringify({ component_appid: COMPONENT, component_secret: SECRET }),
    });
    await advance(10 * MINUTE);
    await pushed(sandbox, 2);
  });

  it('an account that authorises, authorises again and cancels is pushed as events', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver);
    const { authorizationCode } = await sandbox.control('POST', `${OF_COMPONENT}/authorizers`, {
      appId: SHOP,
    });
    await sandbox.control('POST', `${OF_COMPONENT}/authorizers`, { appId: SHOP });
    await sandbox.control('DELETE', `${OF_COMPONENT}/authorizers/${SHOP}`);
    await pushed(sandbox, 4);
    await eventually(() => receiver.events.length === 3, { for: 'three events' });
    expect(receiver.events.map(({ infoType }) => infoType)).toEqual([
      'authorized',
      'updateauthorized',
      'unauthorized',
    ]);
    expect(receiver.events[0]).toMatchObject({ subject: SHOP, code: authorizationCode });
    expect(receiver.events[2]?.code).toBeUndefined();
  });

  it('a corp that installs a suite, resets its code and cancels is pushed as events', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver, {}, OF_SUITE);
    const corpId = 'wpAbCdEf';
    const { authCode } = await sandbox.control('POST', `${OF_SUITE}/corps`, { corpId });
    await sandbox.control('PATCH', `${OF_SUITE}/corps/${corpId}`, { resetPermanentCode: true });
    await sandbox.control('DELETE', `${OF_SUITE}/corps/${corpId}`);
    await pushed(sandbox, 4, OF_SUITE);
    await eventually(() => receiver.events.length === 3, { for: 'three events' });
    expect(receiver.events.map(({ infoType }) => infoType)).toEqual([
      'create_auth',
      'reset_permanent_code',
      'cancel_auth',
    ]);
    expect([receiver.events[0]?.code, receiver.events[2]?.subject]).toEqual([authCode, corpId]);
  });

  it('the URL of a suite can be checked as the console does', async () => {
    const { sandbox, receiver } = await withReceiver();
    await register(sandbox, receiver, {}, OF_SUITE);
    const check = () =>
      sandbox.control('POST', `${OF_SUITE}/receiver/check`, { echo: '1616140317555161061' });
    expect(await check()).toEqual({ status: 200, answer: '1616140317555161061' });
  });

  it('it pushes to loopback only', async () => {
    const { sandbox, receiver } = await withReceiver();
    for (const url of ['http://192.0.2.1/x', 'https://127.0.0.1/x', 'http://127.0.0.1.example.org/x', 'x']) {
      await expect(register(sandbox, receiver, { url }), url).rejects.toThrow('400');
    }
  });
});
