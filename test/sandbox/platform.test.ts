import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replaceToken } from '../../src/sandbox/classic.ts';
import { chinaDay } from '../../src/sandbox/counter.ts';
import { createPlatform, type Platform } from '../../src/sandbox/platform.ts';
import { fetchStable, UNUSED_STABLE } from '../../src/sandbox/stable.ts';
import { NO_TOKENS, newToken } from '../../src/sandbox/tokens.ts';
import { createIssuedTokens } from '../../src/sandbox/world.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { NOON, SECOND } from './client.ts';

const { appId, secret } = TEST_ACCOUNT;
const CREDENTIALS = { grant_type: 'client_credential', appid: appId, secret };

function fetchToken(platform: Platform, kind: 'classic' | 'stable' | 'forced', now: number) {
  const body = JSON.stringify({ ...CREDENTIALS, force_refresh: kind === 'forced' });
  const path = kind === 'classic' ? '/cgi-bin/token' : '/cgi-bin/stable_token';
  const { trace } = platform.handle({ method: 'POST', path, query: {}, body, ip: '127.0.0.1' }, now);
  return trace;
}

function isAlive(platform: Platform, token: string, now: number): boolean {
  const query = { access_token: token };
  const request = { method: 'GET', path: '/cgi-bin/getcallbackip', query, body: '', ip: '127.0.0.1' };
  return platform.handle(request, now).trace.errcode === 0;
}

describe('platform model without HTTP', () => {
  it('any sequence of fetches keeps the newest token alive and at most two of a kind', () => {
    const step = fc.record({
      kind: fc.constantFrom('classic' as const, 'stable' as const, 'forced' as const),
      pause: fc.integer({ min: 0, max: 8000 * SECOND }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const platform = createPlatform({ accounts: [TEST_ACCOUNT] });
        const issued = { classic: new Set<string>(), stable: new Set<string>() };
        let now = NOON;
        for (const { kind, pause } of steps) {
          now += pause;
          const { errcode, token } = fetchToken(platform, kind, now);
          if (errcode !== 0 || token === null) continue;
          issued[kind === 'classic' ? 'classic' : 'stable'].add(token);
          expect(isAlive(platform, token, now)).toBe(true);
          for (const tokens of Object.values(issued)) {
            expect([...tokens].filter((one) => isAlive(platform, one, now)).length).toBeLessThanOrEqual(2);
          }
        }
      }),
    );
  });

  it('a reader who asks every minute gets 12 to 13 stable tokens a day', () => {
    const platform = createPlatform({ accounts: [TEST_ACCOUNT] });
    const tokens = new Set<string | null>();
    const days = 30;
    for (let minute = 0; minute < days * 1440; minute += 1) {
      tokens.add(fetchToken(platform, 'stable', NOON + minute * 60 * SECOND).token);
    }
    expect(tokens.size).toBeGreaterThanOrEqual(12 * days);
    expect(tokens.size).toBeLessThanOrEqual(13 * days);
  });

  it('the platform issues the same tokens under the same random source', () => {
    const counting = () => {
      let next = 0;
      return (size: number) => Uint8Array.from({ length: size }, () => next++ % 251);
    };
    const runs = [1, 2].map(() => {
      const platform = createPlatform({ accounts: [TEST_ACCOUNT], random: counting() });
      return [fetchToken(platform, 'classic', NOON).token, fetchToken(platform, 'stable', NOON).token];
    });
    expect(runs[0]).toEqual(runs[1]);
  });

  it('the Date header of an answer carries the time of the platform', () => {
    const request = { method: 'GET', path: '/cgi-bin/token', query: {}, body: '', ip: '127.0.0.1' };
    const { headers } = createPlatform({ accounts: [] }).handle(request, NOON);
    expect(headers.date).toBe('Wed, 01 May 2024 04:00:00 GMT');
  });
});

describe('parts of the platform model', () => {
  it('a replaced token lives until the overlap or its own lifetime ends, whichever comes first', () => {
    const old = newToken('old', NOON, 7200 * SECOND);
    const first = replaceToken(NO_TOKENS, old, NOON, 300 * SECOND);
    expect(first).toEqual({ newest: old, previous: undefined });
    const replaced = (now: number) =>
      replaceToken(first, newToken('new', now, 7200 * SECOND), now, 300 * SECOND);
    expect(replaced(NOON + SECOND).previous?.validUntil).toBe(NOON + 301 * SECOND);
    expect(replaced(NOON + 7100 * SECOND).previous?.validUntil).toBe(old.endsAt);
  });

  it('stable calls beyond half a million a day are refused with 45009 until midnight in China', () => {
    const mint = () => newToken('token', NOON, 7200 * SECOND);
    const call = (now: number) => ({ force: false, now, rotationWindow: 0, mint });
    const almost = { ...UNUSED_STABLE, day: { window: chinaDay(NOON), used: 499_999 } };
    const last = fetchStable(almost, call(NOON));
    if (!('state' in last)) throw new Error('the last call of the day was refused');
    expect(fetchStable(last.state, call(NOON))).toMatchObject({ errcode: 45009 });
    expect(fetchStable(last.state, call(NOON + 12 * 3600 * SECOND))).toHaveProperty('token');
  });

  it('a token is remembered for a day after its end and then forgotten', () => {
    const day = 86_400 * SECOND;
    const issued = createIssuedTokens();
    issued.add('first', { kind: 'classic', appId, endsAt: NOON }, NOON);
    const addMany = (name: string, now: number) => {
      for (let each = 0; each < 3000; each += 1) {
        issued.add(`${name}${each}`, { kind: 'classic', appId, endsAt: now + day }, now);
      }
    };
    addMany('soon', NOON + day);
    expect(issued.find('first')).toBeDefined();
    addMany('late', NOON + day + 1);
    expect(issued.find('first')).toBeUndefined();
    expect(issued.find('soon0')).toBeDefined();
    expect(issued.find('late2999')).toBeDefined();
  });
});
