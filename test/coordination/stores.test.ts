import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/codec/encoding.ts';
import { markOf } from '../../src/codec/pushed-codes.ts';
import type { AccountStore, CodeStore, Lease, PermanentCodeStore } from '../../src/core/ports.ts';
import type { PushedCode } from '../../src/core/pushed-code.ts';
import type { PushedTicket } from '../../src/core/pushed-ticket.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR } from '../../src/core/time.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { token } from '../support/story.ts';
import { recordOf } from './cluster/fake-secret.ts';
import { RIGS } from './store-rigs.ts';

async function locked(store: AccountStore): Promise<Lease> {
  const lease = await store.lock('fetch');
  if (!lease) throw new Error('another one has the lock');
  return lease;
}

/** Everything that a record may hold. */
const FULL: AccountRecord = {
  ...recordOf(7, token('a')),
  intent: { at: Date.UTC(2026, 0, 1, 2), forced: true },
  lastFailure: {
    failure: {
      class: 'refused',
      code: 'wx-40164',
      message: 'not whitelisted',
      errcode: 40164,
      rid: 'r-1',
      zh: { message: '不在白名单' },
    },
    ...{ fingerprint: 'f'.repeat(32), at: Date.UTC(2026, 0, 1, 1), until: Date.UTC(2026, 0, 1, 1) },
    ...{ failures: 3, since: Date.UTC(2026, 0, 1) },
  },
};

describe.each(RIGS)('G5: the record of an account in %s', (_name, open) => {
  it('where nothing is stored there is no record', async (ctx) => {
    const { one } = await open(ctx);
    expect(await one.read()).toBeUndefined();
  });

  it('another daemon reads all that was written', async (ctx) => {
    const { one, two } = await open(ctx);
    const lease = await locked(one);
    await one.write(FULL, lease);
    await lease.release();
    expect(await two.read()).toEqual(FULL);
  });

  it('a holder writes its intent and then the outcome', async (ctx) => {
    const { one, two } = await open(ctx);
    const lease = await locked(one);
    await one.write({ ...recordOf(8), intent: { at: 1, forced: false } }, lease);
    expect(await two.read()).toMatchObject({ generation: 8, intent: { at: 1, forced: false } });
    await one.write(recordOf(9, token('b')), lease);
    expect(await two.read()).toEqual(recordOf(9, token('b')));
  });

  it('one daemon at a time has the lock to fetch, and the next one has it when it was given back', async (ctx) => {
    const { one, two } = await open(ctx);
    const lease = await locked(one);
    expect(await lease.held()).toBe(true);
    expect(await two.lock('fetch')).toBeUndefined();
    await lease.release();
    expect(await lease.held()).toBe(false);
    const next = await locked(two);
    expect(await next.held()).toBe(true);
    await next.release();
  });

  it('whoever takes the lock next goes on from what the one before has written', async (ctx) => {
    const { one, two } = await open(ctx);
    const lease = await locked(one);
    await one.write(recordOf(1, token('a')), lease);
    await lease.release();
    const next = await locked(two);
    await two.write(recordOf(2, token('b')), next);
    expect(await one.read()).toEqual(recordOf(2, token('b')));
  });

  it('a holder whose lock was taken over replaces nothing', async (ctx) => {
    const { one, two, takeOver } = await open(ctx);
    const lease = await locked(one);
    await one.write(recordOf(1, token('a')), lease);
    const theirs = await takeOver();
    await two.write(recordOf(2, token('b')), theirs);
    await expect(one.write(recordOf(3, token('late')), lease)).rejects.toMatchObject({
      code: 'lock-lost',
      failure: { class: 'passing', effect: 'none' },
    });
    expect(await one.read()).toEqual(recordOf(2, token('b')));
  });

  it('what a daemon knows is kept without asking the platform', async (ctx) => {
    const { one, two } = await open(ctx);
    const keeping = await one.lock('keep');
    if (!keeping) throw new Error('nobody has the lock');
    await one.write(recordOf(4, token('a')), keeping);
    await keeping.release();
    expect(await two.read()).toEqual(recordOf(4, token('a')));
  });

  it('what was lost is written again', async (ctx) => {
    const { one, two, lose } = await open(ctx);
    const lease = await locked(one);
    await one.write(recordOf(4, token('a')), lease);
    await lease.release();
    await lose();
    expect(await one.read()).toBeUndefined();
    const keeping = await one.lock('keep');
    if (!keeping) throw new Error('nobody has the lock');
    await one.write(recordOf(4, token('a')), keeping);
    await keeping.release();
    expect(await two.read()).toEqual(recordOf(4, token('a')));
  });

  it.for([['no JSON'], ['{"half":'], [JSON.stringify({ version: 1, account: 'another' })]])(
    'what is no record of the account counts as none and is replaced: %s',
    async ([text = ''], ctx) => {
      const { one, two, spoil } = await open(ctx);
      await spoil(text);
      expect(await one.read()).toBeUndefined();
      const lease = await locked(one);
      await one.write(recordOf(1, token('a')), lease);
      await lease.release();
      expect(await two.read()).toEqual(recordOf(1, token('a')));
    },
  );

  it('a store that cannot be used says so, and its lock cannot be had', async (ctx) => {
    const { one, two, close } = await open(ctx);
    const lease = await locked(one);
    await one.write(recordOf(1, token('a')), lease);
    await lease.release();
    await close();
    await expect(two.lock('fetch')).rejects.toMatchObject({
      name: 'EdgeError',
      failure: { class: 'passing' },
    });
    const invented = { held: async () => true, release: async () => {} };
    await expect(two.write(recordOf(2), invented)).rejects.toMatchObject({ name: 'EdgeError' });
  });
});

const AT = Date.UTC(2026, 0, 1);

const pushed = (mark: string, createdAt = AT): PushedTicket => ({
  value: new Secret(`ticket@@@${mark.repeat(86)}`),
  createdAt,
  receivedAt: createdAt + 1,
});

describe.each(RIGS)('the pushed ticket of an account in %s', (_name, open) => {
  it('what one daemon keeps another one reads, with its times, and the record is apart', async (ctx) => {
    const { one, two, tickets } = await open(ctx);
    const lease = await locked(one);
    expect(await tickets.two.read()).toBeUndefined();
    expect(await tickets.two.put(pushed('a'))).toBe('kept');
    const found = await tickets.one.read();
    expect(found?.value.reveal()).toBe(pushed('a').value.reveal());
    expect(found).toMatchObject({ createdAt: AT, receivedAt: AT + 1 });
    await one.write(recordOf(1, token('a')), lease);
    await lease.release();
    expect(await two.read()).toEqual(recordOf(1, token('a')));
    expect((await tickets.two.read())?.createdAt).toBe(AT);
  });

  it('a ticket of an earlier push never replaces a later one, whoever wrote that', async (ctx) => {
    const { tickets } = await open(ctx);
    await tickets.one.put(pushed('b', AT + 1000));
    expect(await tickets.two.put(pushed('a'))).toBe('older');
    expect((await tickets.two.read())?.value.reveal()).toBe(pushed('b').value.reveal());
  });

  it('the same ticket of a later push renews its time', async (ctx) => {
    const { tickets } = await open(ctx);
    await tickets.one.put(pushed('a'));
    expect(await tickets.two.put(pushed('a', AT + 600_000))).toBe('kept');
    expect((await tickets.one.read())?.createdAt).toBe(AT + 600_000);
  });

  it.for([['no JSON'], ['{"half":'], [JSON.stringify({ version: 1, account: 'another' })]])(
    'what is no ticket of the account counts as none and is replaced: %s',
    async ([text = ''], ctx) => {
      const { tickets, spoilTicket } = await open(ctx);
      await spoilTicket(text);
      expect(await tickets.one.read()).toBeUndefined();
      expect(await tickets.one.put(pushed('a'))).toBe('kept');
      expect((await tickets.two.read())?.createdAt).toBe(AT);
    },
  );

  it('where no ticket can be kept, that is a failure with the reason', async (ctx) => {
    const { tickets, close } = await open(ctx);
    await close();
    await expect(tickets.two.put(pushed('a'))).rejects.toMatchObject({ name: 'EdgeError' });
  });
});

const SHOP = 'wx1111111111111111';

const codeOf = (
  text: string,
  receivedAt = systemClock.now().wall,
): PushedCode & { readonly value: Secret } => ({
  ...{ mark: markOf(text), subject: SHOP, value: new Secret(text), receivedAt },
});

const CODES = ['queryauthcode@@@one', 'queryauthcode@@@two'].map((text) => codeOf(text));

/** What is known of each code: the code itself, or that something has come of it. */
async function known(store: CodeStore): Promise<readonly string[]> {
  return (await store.read()).map(({ value }) => value?.reveal() ?? 'settled').toSorted();
}

describe.each(RIGS)('the authorisation codes that are pushed to a third party, in %s', (_name, open) => {
  const [first = codeOf('a'), second = codeOf('b')] = CODES;

  it('what two daemons are pushed at one moment both are kept for both, whoever has the lock', async (ctx) => {
    const { one, codes } = await open(ctx);
    const lease = await locked(one);
    expect(await codes.two.read()).toEqual([]);
    const outcomes = await Promise.all([codes.one.put(first), codes.two.put(second)]);
    expect(outcomes).toEqual(['kept', 'kept']);
    const all = ['queryauthcode@@@one', 'queryauthcode@@@two'];
    expect([await known(codes.one), await known(codes.two)]).toEqual([all, all]);
    const [found] = await codes.two.read();
    expect(found).toMatchObject({ subject: SHOP, receivedAt: expect.any(Number) });
    await lease.release();
  });

  it('one that something has come of is told by its mark alone, and is not kept again', async (ctx) => {
    const { codes } = await open(ctx);
    await codes.one.put(first);
    await codes.two.settle(first.mark);
    expect(await known(codes.one)).toEqual(['settled']);
    expect(await codes.one.put(first)).toBe('known');
    expect(await known(codes.two)).toEqual(['settled']);
    await codes.two.settle(first.mark);
    await codes.one.put(second);
    expect(await known(codes.two)).toEqual(['queryauthcode@@@two', 'settled']);
  });

  it('one of an hour ago is known no more', async (ctx) => {
    const { codes } = await open(ctx);
    await codes.one.put(codeOf('queryauthcode@@@old', systemClock.now().wall - HOUR));
    await codes.one.put(first);
    expect(await known(codes.two)).toEqual(['queryauthcode@@@one']);
  });

  it('where none can be kept, that is a failure with the reason', async (ctx) => {
    const { codes, close } = await open(ctx);
    await close();
    await expect(codes.two.put(first)).rejects.toMatchObject({ name: 'EdgeError' });
  });
});

const CORP = 'wpAbCdEf';
const permanent = (value: string, from: string, corpId = CORP) => ({
  ...{ corpId, value: new Secret(value), mark: markOf(from) },
});

describe.each(RIGS)('the permanent codes of corps that have installed a suite, in %s', (name, open) => {
  const permanentCodeOf = async (store: PermanentCodeStore, corpId = CORP) =>
    (await store.read()).find((code) => code.corpId === corpId)?.value.reveal();

  it('one that is kept here is read elsewhere, with where it came from, and stays beside those of others', async (ctx) => {
    const { permanentCodes } = await open(ctx);
    expect(await permanentCodes.two.read()).toEqual([]);
    await permanentCodes.one.checkRoom();
    await permanentCodes.one.put(permanent('permanent-code-1', 'code-1'));
    await permanentCodes.two.put(permanent('permanent-code-2', 'code-2', CORP.toLowerCase()));
    for (const store of [permanentCodes.one, permanentCodes.two]) {
      expect(await permanentCodeOf(store)).toBe('permanent-code-1');
      expect(await permanentCodeOf(store, CORP.toLowerCase())).toBe('permanent-code-2');
    }
    const [first] = (await permanentCodes.two.read()).filter(({ corpId }) => corpId === CORP);
    expect(first).toMatchObject({ mark: markOf('code-1'), former: [] });
  });

  it('the next one of a corp takes its place, whatever the clocks say, and knows it by its mark', async (ctx) => {
    const { permanentCodes } = await open(ctx);
    await permanentCodes.one.put(permanent('permanent-code-1', 'code-1'));
    await permanentCodes.two.put(permanent('permanent-code-2', 'code-2'));
    const [code, ...others] = await permanentCodes.one.read();
    expect(others).toEqual([]);
    expect(code).toMatchObject({ former: [sha256('permanent-code-1')], mark: markOf('code-2') });
    expect(code?.value.reveal()).toBe('permanent-code-2');
  });

  it('what a later version wrote, or nobody can read, is never written over', async (ctx) => {
    const { permanentCodes, spoilPermanentCodes } = await open(ctx);
    await permanentCodes.one.put(permanent('permanent-code-1', 'code-1'));
    const text = '{"version":2}';
    await spoilPermanentCodes(text, 'wpOther');
    if (name === 'a state folder')
      return expect(await permanentCodeOf(permanentCodes.two)).toBe('permanent-code-1');
    const failing = { name: 'EdgeError', message: expect.stringContaining('not permanent codes') };
    await expect(permanentCodes.two.checkRoom()).rejects.toMatchObject(failing);
    await expect(permanentCodes.two.put(permanent('permanent-code-2', 'code-2'))).rejects.toMatchObject(
      failing,
    );
  });

  it('where none can be kept, that is a failure with the reason', async (ctx) => {
    const { permanentCodes, close } = await open(ctx);
    await close();
    const put = permanentCodes.two.put(permanent('permanent-code-1', 'code-1'));
    await expect(put).rejects.toMatchObject({ name: 'EdgeError' });
  });
});
