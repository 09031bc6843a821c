import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { ticketSecret } from '../../../src/coordination/cluster/ticket-secret.ts';
import type { PushedTicket } from '../../../src/core/pushed-ticket.ts';
import { Secret } from '../../../src/core/secret.ts';
import { ACCOUNT, type Content, fakeCache, fault, recordOf, turns } from './fake-secret.ts';

const KEYS = keysOf('shop', 'token');
const AT = Date.UTC(2026, 0, 1);

const ticket = (mark: string, createdAt = AT): PushedTicket => ({
  value: new Secret(`ticket@@@${mark.repeat(86)}`),
  createdAt,
  receivedAt: createdAt,
});

function storing(content: Content = {}) {
  const fake = fakeCache(content);
  const warnings: string[] = [];
  const place = { account: ACCOUNT, name: 'shop', cache: fake.cache, kubernetes: turns() };
  const store = ticketSecret({ ...place, warn: (line) => void warnings.push(line) }, KEYS);
  return { fake, warnings, store };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the pushed ticket in the Secret of a cluster', () => {
  it('it is kept in data and never in an annotation, and read with its times', async () => {
    const { fake, store } = storing({ annotations: { other: 'stays' }, data: { other: base64('stays') } });
    expect(await store.read()).toBeUndefined();
    expect(await store.put(ticket('a'))).toBe('kept');
    const { data, metadata } = fake.read();
    expect(metadata.annotations).toEqual({ other: 'stays' });
    expect(Object.keys(data ?? {}).sort()).toEqual(['other', 'shop.pushed']);
    expect(await store.read()).toMatchObject({ createdAt: AT });
  });

  it('a ticket of an earlier push never replaces a later one, whoever wrote that', async () => {
    const { store } = storing();
    await store.put(ticket('b', AT + 1000));
    expect(await store.put(ticket('a'))).toBe('older');
    expect((await store.read())?.value.reveal()).toBe(ticket('b').value.reveal());
  });

  it('a daemon that writes a later push in between wins', async () => {
    const { fake, store } = storing();
    const other = storing();
    await other.store.put(ticket('b', AT + 1000));
    const theirs = other.fake.read().data?.[KEYS.pushed] ?? '';
    fake.fates.push(() => {
      fake.write({ data: { [KEYS.pushed]: theirs } });
      throw fault('kube-conflict');
    });
    expect(await store.put(ticket('a'))).toBe('older');
    expect(fake.read().data?.[KEYS.pushed]).toBe(theirs);
  });

  it('a write of something else in between is no obstacle, and what was written there stays', async () => {
    const { fake, store } = storing();
    const mine = base64(JSON.stringify(recordOf(3)));
    fake.fates.push(() => {
      fake.write({ data: { shop: mine } });
      throw fault('kube-conflict');
    });
    expect(await store.put(ticket('a'))).toBe('kept');
    expect(fake.read().data?.['shop']).toBe(mine);
    expect(fake.read().data?.[KEYS.pushed]).toBeDefined();
  });

  it('what is no ticket of the account is told once, without its content, and replaced', async () => {
    const { store, warnings } = storing({ data: { [KEYS.pushed]: base64('{"ticket":"ticket@@@abc"}') } });
    expect(await store.read()).toBeUndefined();
    expect(await store.read()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('ticket@@@');
    expect(await store.put(ticket('a', 1))).toBe('kept');
    expect(await store.read()).toMatchObject({ createdAt: 1 });
  });

  it('an API server that does not take it is a failure', async () => {
    const { fake, store } = storing();
    fake.fates.push(() => {
      throw fault('kube-forbidden');
    });
    await expect(store.put(ticket('a'))).rejects.toMatchObject({ code: 'kube-forbidden' });
  });
});
