import { describe, expect, it, onTestFinished } from 'vitest';
import { EdgeError } from '../../src/core/failure.ts';
import type { Grant } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import {
  bound,
  createPlatform,
  createSharedReads,
  createTransport,
  kindOf,
} from '../../src/providers/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { aToken } from '../publishers/token.ts';
import { PATIENCE, TOKEN } from './asking.ts';
import { httpServer, type Seen } from './servers.ts';

const COMPONENT = 'wx0000000000000001';
const SHOP = 'wx1111111111111111';
const OTHER = 'wx2222222222222222';
const PARTY_TOKEN = '76_token-of-the-component';
const OLD = 'refreshtoken@@@the-old-one-of-it';
const NEW = 'refreshtoken@@@the-new-one-of-it';

type Body = Readonly<Record<string, unknown>>;

interface Platform {
  readonly list?: (offset: number) => Body;
  readonly refresh?: (refreshToken: unknown) => Body;
  /** What is answered to a code. */
  readonly exchange?: (code: unknown) => Body;
}

const row = (appId: string, refresh_token?: unknown, auth_time?: unknown) => ({
  authorizer_appid: appId,
  ...(refresh_token !== undefined && { refresh_token }),
  ...(auth_time !== undefined && { auth_time }),
});

const listing = (...list: readonly Body[]) => ({ total_count: list.length, list });

const refreshed = (echo?: unknown) => ({
  authorizer_access_token: TOKEN,
  expires_in: 7200,
  ...(echo !== undefined && { authorizer_refresh_token: echo }),
});

/** A platform that answers so, and an account that is fetched through it. */
async function account({
  list = () => listing(row(SHOP, OLD)),
  refresh = refreshed,
  exchange = () => ({ authorization_info: { ...refreshed(NEW), authorizer_appid: SHOP } }),
}: Platform = {}) {
  const { url, seen } = await httpServer((response, { target, body }) => {
    const { offset, authorizer_refresh_token: sent, authorization_code: code } = JSON.parse(body) as Body;
    if (target.includes('api_query_auth')) response.end(JSON.stringify(exchange(code)));
    else if (target.includes('api_get_authorizer_list')) response.end(JSON.stringify(list(Number(offset))));
    else response.end(JSON.stringify(refresh(sent)));
  });
  const transport = createTransport({ timeout: PATIENCE });
  onTestFinished(() => transport.close());
  const platform = createPlatform('open-platform', [url], transport, systemClock);
  const sharedReads = createSharedReads(systemClock);
  const of = (appId: string) =>
    bound(kindOf('authorizer'), {
      ...{ appId, platform, via: { appId: COMPONENT, sharedReads } },
      secret: () => Promise.reject(new TypeError('an authorizer has no secret')),
    });
  const fetchFor = (appId: string, grant?: Grant) =>
    of(appId).fetch({
      ...{ forced: false, signal: new AbortController().signal, token: aToken(PARTY_TOKEN) },
      ...(grant && { grant }),
    });
  const provider = of(SHOP);
  return {
    seen,
    fetchFor,
    fetch: (grant?: Grant, code?: string) =>
      provider.fetch({
        ...{ forced: false, signal: new AbortController().signal, token: aToken(PARTY_TOKEN) },
        ...(grant && { grant }),
        ...(code !== undefined && { code: new Secret(code) }),
      }),
  };
}

const granted = (refreshToken: string): Grant => ({
  refreshToken: new Secret(refreshToken),
  authorisedAt: 1,
});

const calls = (seen: readonly Seen[]) => seen.map(({ target }) => /api_\w+/.exec(target)?.[0]);

async function failureOf(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof EdgeError)) throw new Error('it did not fail', { cause: error });
  return error.failure;
}

describe('the token of an account that has authorised a third party', () => {
  it('a known refresh token is sent with the token of the third party, and comes back', async () => {
    const { fetch, seen } = await account({ refresh: () => refreshed(NEW) });
    const { value, grant } = await fetch(granted(OLD));
    expect(value.reveal()).toBe(TOKEN);
    expect(grant?.refreshToken.reveal()).toBe(NEW);
    expect(grant?.authorisedAt).toBe(1);
    expect(calls(seen)).toEqual(['api_authorizer_token']);
    expect(new URL(seen[0]?.target ?? '', 'http://host').searchParams.get('component_access_token')).toBe(
      PARTY_TOKEN,
    );
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      component_appid: COMPONENT,
      authorizer_appid: SHOP,
      authorizer_refresh_token: OLD,
    });
  });

  it.each([[undefined], [''], [null], [7], ['short'], ['with a blank in its middle']])(
    'an answer whose refresh token is %j leaves the one that is known',
    async (echo) => {
      const { fetch } = await account({ refresh: () => refreshed(echo) });
      expect((await fetch(granted(OLD))).grant?.refreshToken.reveal()).toBe(OLD);
    },
  );

  it('without one it is looked for in the list, with the time of the authorisation', async () => {
    const { fetch, seen } = await account({ list: () => listing(row(SHOP, OLD, 1_700_000_000)) });
    const { grant } = await fetch();
    expect(grant?.refreshToken.reveal()).toBe(OLD);
    expect(grant?.authorisedAt).toBe(1_700_000_000_000);
    expect(calls(seen)).toEqual(['api_get_authorizer_list', 'api_authorizer_token']);
  });

  it('a refused one is looked for once, and another one that is listed is sent', async () => {
    const refresh = (sent: unknown) =>
      sent === NEW ? refreshed(NEW) : { errcode: 61023, errmsg: 'invalid' };
    const { fetch, seen } = await account({ list: () => listing(row(SHOP, NEW)), refresh });
    expect((await fetch(granted(OLD))).grant?.refreshToken.reveal()).toBe(NEW);
    expect(calls(seen)).toEqual(['api_authorizer_token', 'api_get_authorizer_list', 'api_authorizer_token']);
  });

  it.each([
    ['the same one', listing(row(SHOP, OLD))],
    ['none', listing(row(SHOP))],
    ['an empty one', listing(row(SHOP, ''))],
    ['another account', listing(row('wx2222222222222222', NEW))],
  ])('a refused one where the list has %s is the account’s to mend, after one look', async (_, list) => {
    const refresh = () => ({ errcode: 61023, errmsg: `refresh_token is invalid ${OLD}` });
    const { fetch, seen } = await account({ list: () => list, refresh });
    const failure = await failureOf(fetch(granted(OLD)));
    expect(failure).toMatchObject({ code: 'wx-61023', class: 'refused', effect: 'none' });
    expect(JSON.stringify(failure)).not.toContain(OLD);
    expect(calls(seen)).toEqual(['api_authorizer_token', 'api_get_authorizer_list']);
  });

  it('a no to its authorisation says that its token is dead where the list lacks it as well, and is looked up once', async () => {
    const refresh = () => ({ errcode: 61003, errmsg: 'no' });
    const { fetch, seen } = await account({ refresh, list: () => listing(row(OTHER, NEW)) });
    for (let time = 0; time < 2; time += 1)
      expect(await failureOf(fetch(granted(OLD)))).toMatchObject({
        ...{ code: 'wx-61003', class: 'refused', endsAuthorisation: true },
      });
    expect(seen.filter(({ target }) => target.includes('api_get_authorizer_list'))).toHaveLength(1);
  });

  it.each([
    ['has it', () => listing(row(SHOP, OLD))],
    ['cannot be read', () => ({ errcode: -1, errmsg: 'busy' })],
  ] as const)('a no to its authorisation says nothing of its token where the list %s', async (_, list) => {
    const { fetch } = await account({ refresh: () => ({ errcode: 61003, errmsg: 'no' }), list });
    const failure = await failureOf(fetch(granted(OLD)));
    expect(failure).toMatchObject({ code: 'wx-61003', class: 'refused' });
    expect(failure).not.toHaveProperty('endsAuthorisation');
  });

  it.each([
    ['no refresh token', listing(row(SHOP)), 'no-refresh-token'],
    ['no such account', listing(), 'not-authorised'],
  ])('a list with %s is told with what a person can do', async (_, list, code) => {
    const { fetch } = await account({ list: () => list });
    const failure = await failureOf(fetch());
    expect(failure).toMatchObject({ code, class: 'refused', effect: 'none' });
    expect(failure.advice).toBeTruthy();
  });

  it.each([
    ['the list', { list: () => ({ errcode: 40001, errmsg: 'x' }) }, undefined],
    ['the refresh', { refresh: () => ({ errcode: 42001, errmsg: 'x' }) }, granted(OLD)],
  ] as const)('a dead token of the third party at %s is blamed on that', async (_, platform, grant) => {
    const { fetch } = await account(platform);
    expect(await failureOf(fetch(grant))).toMatchObject({ blamesToken: 'certainly', effect: 'none' });
  });

  it('a list of many pages is read to its end, and again where it changed meanwhile', async () => {
    const all = Array.from({ length: 1100 }, (_, index) => row(`wx${String(index).padStart(16, '0')}`, NEW));
    let reads = 0;
    const list = (offset: number) => {
      reads += 1;
      // While the second page is read, an account goes away: the last ones move up.
      const now =
        reads === 1 ? [...all, row(SHOP, OLD)] : [...all.slice(0, 499), ...all.slice(500), row(SHOP, OLD)];
      return { total_count: now.length, list: now.slice(offset, offset + 500) };
    };
    const { fetch } = await account({ list });
    expect((await fetch()).grant?.refreshToken.reveal()).toBe(OLD);
    expect(reads).toBe(6);
  });

  it('accounts that start together share one reading of the list', async () => {
    const accounts = Array.from({ length: 40 }, (_, index) => `wx${String(index).padStart(16, '0')}`);
    const { fetchFor, seen } = await account({
      list: () => listing(...accounts.map((appId) => row(appId, OLD))),
    });
    await Promise.all(accounts.map((appId) => fetchFor(appId)));
    expect(calls(seen).filter((name) => name === 'api_get_authorizer_list')).toHaveLength(1);
  });

  it('an account that was not found is looked for anew the next time', async () => {
    const found: Body[] = [];
    const { fetch } = await account({ list: () => listing(...found) });
    await failureOf(fetch());
    found.push(row(SHOP, OLD));
    expect((await fetch()).grant?.refreshToken.reveal()).toBe(OLD);
  });
});

describe('the code that an authorisation comes with', () => {
  const CODE = 'queryauthcode@@@of-this-authorisation';

  it('it is exchanged for the token and the refresh token, in one call', async () => {
    let sent: unknown;
    const exchange = (code: unknown) => {
      sent = code;
      return { authorization_info: { ...refreshed(NEW), authorizer_appid: SHOP } };
    };
    const { fetch, seen } = await account({ exchange });
    const { value, expiresIn, grant } = await fetch(granted(OLD), CODE);
    expect([value.reveal(), expiresIn, grant?.refreshToken.reveal(), sent]).toEqual([TOKEN, 7200, NEW, CODE]);
    expect(calls(seen)).toEqual(['api_query_auth']);
  });

  it.each([61_009, 61_010])(
    'one that somebody else has used (%i) leaves the refresh token of the list',
    async (errcode) => {
      const { fetch, seen } = await account({ exchange: () => ({ errcode, errmsg: 'no' }) });
      const { grant } = await fetch(undefined, CODE);
      expect(grant?.refreshToken.reveal()).toBe(OLD);
      expect(calls(seen)).toEqual(['api_query_auth', 'api_get_authorizer_list', 'api_authorizer_token']);
    },
  );

  it('an account that has granted no right to call gets its token by the list, as far as it has one', async () => {
    const exchange = () => ({ authorization_info: { authorizer_appid: SHOP, func_info: [] } });
    const { fetch, seen } = await account({ exchange, list: () => listing(row(SHOP)) });
    expect(await failureOf(fetch(undefined, CODE))).toMatchObject({ code: 'no-refresh-token' });
    expect(calls(seen)).toEqual(['api_query_auth', 'api_get_authorizer_list']);
  });

  it('a refresh token that cannot be one is not kept', async () => {
    const exchange = () => ({ authorization_info: refreshed('') });
    const { fetch } = await account({ exchange });
    const answer = await fetch(granted(OLD), CODE);
    expect(answer).not.toHaveProperty('grant');
    expect(answer.value.reveal()).toBe(TOKEN);
  });

  it('any other refusal is told, and nothing else is asked', async () => {
    const { fetch, seen } = await account({ exchange: () => ({ errcode: 40_001, errmsg: 'dead' }) });
    expect(await failureOf(fetch(granted(OLD), CODE))).toMatchObject({
      errcode: 40_001,
      blamesToken: 'certainly',
    });
    expect(calls(seen)).toEqual(['api_query_auth']);
  });
});

describe('an account that has authorised since another one had the list read', () => {
  it('it is looked up once more, and found', async () => {
    const rows = [row('wx2222222222222222', OLD)];
    const { fetchFor, seen } = await account({ list: () => listing(...rows) });
    await fetchFor('wx2222222222222222');
    rows.push(row(SHOP, NEW));
    const { grant } = await fetchFor(SHOP);
    expect(grant?.refreshToken.reveal()).toBe(NEW);
    expect(calls(seen).filter((call) => call === 'api_get_authorizer_list')).toHaveLength(2);
  });

  it('one that the list still lacks is refused after that', async () => {
    const { fetchFor, seen } = await account({ list: () => listing(row('wx2222222222222222', OLD)) });
    await fetchFor('wx2222222222222222');
    expect(await failureOf(fetchFor(SHOP))).toMatchObject({ code: 'not-authorised' });
    expect(calls(seen).filter((call) => call === 'api_get_authorizer_list')).toHaveLength(2);
  });
});
