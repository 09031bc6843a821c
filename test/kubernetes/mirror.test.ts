import { describe, expect, it } from 'vitest';
import { mirrorStore } from '../../src/coordination/cluster/mirrors.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { MIRROR } from '../support/kubernetes/role.ts';
import { token } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import { ACCOUNT, recordOf, sharers } from './sharers.ts';

/** A daemon that writes, and a mirror that has the rights of one. */
async function source(atEnd: Parameters<typeof sharers>[0]) {
  const group = await sharers(atEnd);
  const writer = group.join();
  const somebody = await group.account(MIRROR, 'mirror');
  await eventually(async () => (await somebody.ask('GET', group.path)).status === 200);
  const { cache, events } = group.join({}, somebody);
  const options = { account: 'mirror/shop/wx-token/shop', credential: 'shop', kind: 'token' } as const;
  const mirror = mirrorStore({ ...options, cache, clock: systemClock });
  async function write(generation: number, value: string, more: object = {}): Promise<void> {
    const lease = await writer.store.lock('keep');
    if (!lease) throw new TypeError('no lock');
    const record = recordOf(generation, value);
    const now = Date.now();
    const life = record.token && {
      token: { ...record.token, issuedAt: now - 1_000, expiresAt: now + 7_199_000, ...more },
    };
    await writer.store.write({ ...record, ...life }, lease);
  }
  const value = async () => (await mirror.read())?.token?.value.reveal();
  return { ...group, mirror, write, value, events, writer };
}

describe('mirrors of a Secret', () => {
  it('a mirror reads what its source writes and counts its own generations', async ({ onTestFinished }) => {
    const { mirror, write, value } = await source(onTestFinished);
    await write(700, token('a'));
    await eventually(async () => (await value()) === token('a'));
    expect(await mirror.read()).toMatchObject({ generation: 1, token: { generation: 1, expiresIn: 7200 } });
    expect(mirror.source()).toEqual({ type: 'stable-token', appId: 'wx0000000000000000' });
    await write(702, token('b'));
    await eventually(async () => (await value()) === token('b'));
    expect(await mirror.read()).toMatchObject({ generation: 2 });
  });

  it('a mirror follows a source that starts counting again', async ({ onTestFinished }) => {
    const { admin, path, write, value, mirror, create } = await source(onTestFinished);
    await write(700, token('a'));
    await eventually(async () => (await value()) === token('a'));
    await admin.ask('DELETE', path);
    const gone = ({ message }: Error) => /^there is no Secret/.test(message);
    await eventually(() => mirror.read().then(() => false, gone));
    await create();
    await write(2, token('b'));
    await eventually(async () => (await value()) === token('b'));
    expect(await mirror.read()).toMatchObject({ generation: 2 });
  });

  it('a mirror reports why it cannot read its source', async ({ onTestFinished }) => {
    const { admin, path, mirror, account, join } = await source(onTestFinished);
    await expect(mirror.read()).rejects.toMatchObject({
      code: 'source-empty',
      message: expect.stringMatching(/^the Secret .*\/wx-token does not hold shop yet$/),
    });
    const others = { 'corp.json': 'e30=', corp: 'eA==' };
    await admin.ask('PATCH', path, { data: others });
    await eventually(() => mirror.read().catch(({ message }) => message.endsWith('; there are corp')));
    await admin.ask('PATCH', path, { data: { 'shop.json': 'e30=' } });
    const odd = () => mirror.read().catch((error: unknown) => error);
    expect(await eventually(async () => (await odd()) as object)).toMatchObject({ code: expect.any(String) });
    await eventually(async () => ((await odd()) as { readonly code?: string }).code === 'source-odd');

    const nobody = join({}, await account([], 'nobody'));
    const options = { account: 'mirror/a', credential: 'shop', kind: 'token' } as const;
    const blind = mirrorStore({ ...options, cache: nobody.cache, clock: systemClock });
    await expect(blind.read()).rejects.toMatchObject({
      code: 'kube-forbidden',
      failure: { advice: expect.stringMatching(/verbs \["get"\]/) },
    });
  });

  it('a mirror reports an expired token and the failure of its source', async ({ onTestFinished }) => {
    const { mirror, write, writer } = await source(onTestFinished);
    await write(2, token('a'), { expiresAt: Date.now() - 1_000 });
    const dead = () => mirror.read().catch(({ code }) => code === 'source-dead');
    await eventually(async () => (await dead()) === true);
    const lease = await writer.store.lock('keep');
    const failure = {
      class: 'refused',
      code: 'wx-40164',
      message: 'not on the whitelist',
      zh: { message: 'not on the whitelist' },
    } as const;
    const at = Date.now();
    const lastFailure = { failure, at, until: at, failures: 3, since: at };
    if (lease) await writer.store.write({ ...recordOf(3), account: ACCOUNT, lastFailure }, lease);
    const ailing = async () => (await mirror.read())?.lastFailure?.failure.message === 'not on the whitelist';
    await eventually(ailing);
  });
});
