import { describe, expect, it, onTestFinished } from 'vitest';
import { bound, createPlatform, createSharedReads, createTransport } from '../../src/providers/index.ts';
import { manyKinds } from '../../src/providers/kinds.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { aToken } from '../publishers/token.ts';
import { PATIENCE } from './asking.ts';
import { httpServer } from './servers.ts';

type Row = Readonly<Record<string, unknown>>;

const row = (index: number): Row => ({ authorizer_appid: `wx${String(index).padStart(16, '0')}` });
const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));
const pageOf = (all: readonly Row[], offset: number) => ({
  total_count: all.length,
  list: all.slice(offset, offset + 500),
});

/** Reads the list of a platform that answers so. */
async function read(answer: (offset: number, call: number) => object) {
  let calls = 0;
  const { url } = await httpServer((response, { body }) => {
    calls += 1;
    response.end(JSON.stringify(answer(Number(JSON.parse(body).offset), calls)));
  });
  const transport = createTransport({ timeout: PATIENCE });
  onTestFinished(() => transport.close());
  const many = manyKinds.get('authorizers')?.many;
  if (!many) throw new TypeError('there is no such type');
  const provider = bound(many, {
    platform: createPlatform('open-platform', [url], transport, systemClock),
    via: { appId: 'wx0000000000000001', sharedReads: createSharedReads(systemClock) },
  });
  const fetched = await provider.fetch({
    ...{ forced: false, signal: new AbortController().signal, token: aToken('76_token-of-the-component') },
  });
  return { ...fetched.listed, expiresIn: fetched.expiresIn, calls };
}

describe('the list of all accounts', () => {
  it.each([0, 1, 499, 500, 501, 1000, 1001])('a list of %i accounts is read whole', async (count) => {
    const { ids, isComplete, expiresIn, calls } = await read((offset) => pageOf(rows(count), offset));
    expect([ids?.length, isComplete, expiresIn]).toEqual([count, true, 86_400]);
    expect(calls).toBe(Math.max(1, Math.ceil(count / 500)));
  });

  it('an account that is on two pages is one, and then the list is not whole', async () => {
    const all = [...rows(500), row(499)];
    const { ids, isComplete, expiresIn } = await read((offset) => pageOf(all, offset));
    expect([ids?.length, isComplete, expiresIn]).toEqual([500, false, 3_600]);
  });

  it('a list that changes while it is read is read again, and is whole once it does not', async () => {
    const { ids, isComplete } = await read((offset, call) => pageOf(rows(call === 1 ? 502 : 501), offset));
    expect([ids?.length, isComplete]).toEqual([501, true]);
  });

  it('a list that changes again and again is not whole, and has all accounts that were met', async () => {
    const { ids, isComplete } = await read((offset, call) => pageOf(rows(510 - call), offset));
    expect(isComplete).toBe(false);
    expect(ids?.length).toBeGreaterThanOrEqual(505);
  });

  it.each([
    [
      'a page is empty before the end',
      (offset: number) => (offset === 0 ? pageOf(rows(900), 0) : { total_count: 900, list: [] }),
    ],
    ['the number of accounts is missing', () => ({ list: rows(3) })],
    ['there is no list', () => ({ total_count: 3 })],
    ['an entry has no AppID', () => ({ total_count: 3, list: [row(1), row(2), { refresh_token: 'x' }] })],
  ] as const)('a list is not whole where %s', async (_, answer) => {
    expect((await read(answer)).isComplete).toBe(false);
  });

  it.each(['../../etc', 'wx/../..', 'accounts', 'jsapi', '__proto__', 'wx11.json', '', 'gh_0123456789ab'])(
    'an account that is called %j is not served, since that would be part of a path',
    async (name) => {
      const list = [row(1), { authorizer_appid: name }];
      expect((await read(() => ({ total_count: 2, list }))).ids).toEqual([row(1)['authorizer_appid']]);
    },
  );
});
