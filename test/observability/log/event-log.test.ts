import { describe, expect, it } from 'vitest';
import { platformFailure } from '../../../src/core/errcodes/index.ts';
import type { Report } from '../../../src/core/events/report.ts';
import { type Failure, PASSING } from '../../../src/core/failure.ts';
import type { FetchStep } from '../../../src/core/plan.ts';
import { createEventLog } from '../../../src/observability/log/event-log.ts';
import { journal } from '../journal.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DUE: FetchStep = { kind: 'fetch', reason: 'due', forced: false };
const REQUESTED: FetchStep = { kind: 'fetch', reason: 'requested', forced: true };
const TIMEOUT: Failure = {
  class: 'passing',
  code: 'timeout',
  message: 'no answer from api.weixin.qq.com: it did not answer in time',
  zh: { message: 'no answer from api.weixin.qq.com: it did not answer in time' },
  effect: 'unknown',
  backoff: PASSING,
};
const FULL: Failure = {
  ...TIMEOUT,
  code: 'ENOSPC',
  message: 'cannot write /x: ENOSPC',
  zh: { message: 'cannot write /x: ENOSPC' },
  effect: 'none',
};

const failed = (failure: Failure = TIMEOUT, lifeMs = HOUR): Report => ({
  type: 'failed',
  isFirst: false,
  step: DUE,
  failure,
  lifeMs,
  tookMs: 10_000.4,
});

function eventLog() {
  const { logger, entries } = journal();
  const log = createEventLog(logger);
  const tell = (name: string, report: Report) =>
    log(name === '' ? undefined : { name, kind: 'token' }, report);
  return { tell, log, entries };
}

describe('log of a credential', () => {
  it('a failure that turns from passing to needing a person is logged again', () => {
    const { tell, entries } = eventLog();
    const denied: Failure = {
      ...FULL,
      code: 'kube-forbidden',
      message: 'it may not patch the Secret',
      zh: { message: 'it may not patch the Secret' },
    };
    const target = 'kubernetes-secret/shop/wx-token/token';
    for (let times = 0; times < 3; times += 1) tell('shop', { type: 'unpublished', target, failure: denied });
    tell('shop', { type: 'unpublished', target, failure: { ...denied, class: 'refused', advice: 'a Role' } });
    expect(entries().map(({ advice }) => advice)).toEqual([undefined, undefined, 'a Role']);
  });

  it('a repeated failure that counts as a first one again is logged anew', () => {
    const { tell, entries } = eventLog();
    for (let times = 0; times < 3; times += 1) tell('shop', failed());
    expect(entries()).toHaveLength(2);
    tell('shop', { ...failed(), type: 'failed', isFirst: true } as Report);
    expect(entries()).toHaveLength(3);
    tell('shop', { type: 'restored' });
    expect(entries().at(-1)).toMatchObject({ level: 'info', message: expect.stringContaining('AppSecret') });
  });

  it('a new token is logged with its lifetime, the reason and the duration of the fetch', () => {
    const { tell, entries } = eventLog();
    tell('shop', { type: 'refreshed', step: REQUESTED, lifeMs: 2 * HOUR - MINUTE, tookMs: 123.4 });
    expect(entries()).toMatchObject([
      { level: 'warn', message: expect.stringContaining('dead at once'), credential: 'shop' },
      {
        level: 'info',
        message: 'fetched a new token, valid for 1 h 59 min',
        credential: 'shop',
        reason: 'requested',
        forced: true,
        took_ms: 123,
      },
    ]);
  });

  it.each<[Report, string, string]>([
    [
      { type: 'unchanged', step: DUE, lifeMs: 5 * MINUTE, tookMs: 1 },
      'info',
      'the platform returned the same token, valid for 5 min 0 s',
    ],
    [{ type: 'adopted', lifeMs: HOUR }, 'info', 'adopted a stored token, valid for 1 h 0 min'],
    [{ type: 'adopted', lifeMs: 0 }, 'info', 'found a stored token, but it has expired'],
    [{ type: 'adopted', lifeMs: -HOUR }, 'info', 'found a stored token, but it has expired'],
    [{ type: 'fetching', step: DUE }, 'debug', 'asking the platform'],
    [{ type: 'published', target: 'file:/x', result: 'written', expiresAt: 0 }, 'info', 'published'],
    [
      { type: 'published', target: 'file:/x', result: 'unchanged', expiresAt: 0 },
      'debug',
      'already up to date',
    ],
  ])('the report %j is logged at level %s as “%s”', (report, level, message) => {
    const { tell, entries } = eventLog();
    tell('shop', report);
    expect(entries()).toMatchObject([{ level, message, credential: 'shop' }]);
  });

  it('an unchanged token is logged at level info once, until there is a new one', () => {
    const { tell, entries } = eventLog();
    const unchanged: Report = { type: 'unchanged', step: DUE, lifeMs: 18_000, tookMs: 1 };
    const levels = () => entries().map(({ level }) => level);
    for (let times = 0; times < 3; times += 1) tell('shop', unchanged);
    tell('bot', unchanged);
    expect(levels()).toEqual(['info', 'debug', 'debug', 'info']);
    tell('shop', { ...unchanged, type: 'unchanged', step: REQUESTED });
    expect(levels().at(-1)).toBe('info');
    const news: Report[] = [
      { type: 'refreshed', step: DUE, lifeMs: HOUR, tookMs: 1 },
      { type: 'adopted', lifeMs: HOUR },
    ];
    for (const report of news) {
      tell('shop', report);
      tell('shop', unchanged);
      tell('shop', unchanged);
      expect(levels().slice(-2)).toEqual(['info', 'debug']);
    }
  });

  it.each([
    ['uncoordinated', /refresh --force/],
    ['spacing', /within 30 s/],
    ['forced-budget', /: forced budget exhausted$/],
  ] as const)(
    'a forced refresh that becomes ordinary (%s) is logged as a warning',
    (downgraded, expected) => {
      const { tell, entries } = eventLog();
      tell('shop', { type: 'fetching', step: { ...DUE, reason: 'requested', downgraded } });
      expect(entries()[0]).toMatchObject({
        level: 'warn',
        message: expect.stringMatching(expected),
        credential: 'shop',
      });
      expect(entries()).toHaveLength(2);
    },
  );
});

describe('log of failures', () => {
  it('a failure is logged with its cause and the remaining life of the token', () => {
    const { tell, entries } = eventLog();
    tell('shop', failed());
    expect(entries()).toMatchObject([
      {
        level: 'warn',
        message: `${TIMEOUT.message}; the token is valid for another 1 h 0 min`,
        credential: 'shop',
        reason: 'due',
        code: 'timeout',
        took_ms: 10_000,
      },
    ]);
  });

  it('a failure without a live token is logged as an error', () => {
    const { tell, entries } = eventLog();
    tell('shop', failed(TIMEOUT, 0));
    expect(entries()).toMatchObject([
      { level: 'error', message: `${TIMEOUT.message}; there is no live token` },
    ]);
  });

  it('G9: a whitelist refusal is logged with the IP address to add, the code and the rid', () => {
    const { tell, entries } = eventLog();
    const rid = '6543210a-1b2c3d4e-0f1e2d3c';
    const errmsg = `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: ${rid}`;
    tell('shop', failed(platformFailure('official', 'token', { errcode: 40164, errmsg })));
    expect(entries()).toMatchObject([
      {
        ...{ errcode: 40164, rid, rid_time_unofficial: '2023-11-02T04:09:46Z' },
        advice: expect.stringContaining('Add 203.0.113.7 to the IP whitelist'),
      },
    ]);
  });

  it('a repeated failure is logged the first, second, fourth and eighth time, and so on', () => {
    const { tell, entries } = eventLog();
    const told = Array.from({ length: 100 }, (_, index) => {
      const before = entries().length;
      tell('shop', failed());
      return entries().length > before ? index + 1 : 0;
    });
    expect(told.filter((time) => time > 0)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  });

  it('the end of the token during a row of failures is logged at once', () => {
    const { tell, entries } = eventLog();
    for (let times = 0; times < 5; times += 1) tell('shop', failed());
    expect(entries()).toHaveLength(3);
    tell('shop', failed(TIMEOUT, 0));
    expect(entries().slice(3)).toMatchObject([
      { level: 'error', message: expect.stringContaining('no live token') },
    ]);
  });

  it('failures of each cause, credential and target are counted separately', () => {
    const { tell, entries } = eventLog();
    const reports: [string, Report][] = [
      ['shop', failed()],
      ['shop', failed({ ...TIMEOUT, code: 'dns' })],
      ['bot', failed()],
      ['shop', { type: 'unstored', failure: TIMEOUT }],
      ['shop', { type: 'unpublished', target: 'file:/a', failure: FULL }],
      ['shop', { type: 'unpublished', target: 'file:/b', failure: FULL }],
    ];
    for (let times = 0; times < 3; times += 1) for (const [name, report] of reports) tell(name, report);
    expect(entries()).toHaveLength(2 * reports.length);
  });

  it.each<[string, Report]>([
    ['a new token', { type: 'refreshed', step: DUE, lifeMs: HOUR, tookMs: 1 }],
    ['the same token', { type: 'unchanged', step: DUE, lifeMs: HOUR, tookMs: 1 }],
    ['a token of another daemon', { type: 'adopted', lifeMs: HOUR }],
  ])('the next failure is logged as a first one after %s', (_, success) => {
    const { tell, entries } = eventLog();
    for (let times = 0; times < 3; times += 1) tell('shop', failed());
    tell('shop', success);
    tell('bot', failed());
    tell('shop', failed());
    expect(entries().filter(({ code, credential }) => code && credential === 'shop')).toHaveLength(3);
  });

  it('a publish failure names its target and is logged anew once the target was published', () => {
    const { tell, entries } = eventLog();
    const unpublished: Report = {
      type: 'unpublished',
      target: 'file:/x',
      failure: { ...FULL, advice: 'free some space' },
    };
    for (let times = 0; times < 3; times += 1) tell('shop', unpublished);
    tell('shop', { type: 'published', target: 'file:/x', result: 'written', expiresAt: 0 });
    tell('shop', unpublished);
    const errors = entries().filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(3);
    expect(errors[0]).toMatchObject({
      message: 'cannot write /x: ENOSPC',
      target: 'file:/x',
      code: 'ENOSPC',
      advice: 'free some space',
    });
  });

  it('a state folder failure is logged as a first one after an untroubled fetch', () => {
    const { tell, entries } = eventLog();
    const warnings = () => entries().filter(({ level }) => level === 'warn').length;
    const blocked: Report = { type: 'unstored', failure: { ...FULL, code: 'EROFS' } };
    const fetching: Report = { type: 'fetching', step: DUE };
    const refreshed: Report = { type: 'refreshed', step: DUE, lifeMs: HOUR, tookMs: 1 };
    // A stable-token is fetched without a state folder as well: that it was fetched does not mean that all is well.
    const inTrouble = [blocked, fetching, refreshed, blocked];
    for (let times = 0; times < 4; times += 1) for (const report of inTrouble) tell('shop', report);
    expect(warnings()).toBe(4);
    for (const report of [fetching, refreshed, fetching, refreshed]) tell('shop', report);
    tell('shop', blocked);
    expect(warnings()).toBe(5);
    tell('shop', blocked);
    expect(warnings()).toBe(6);
  });

  it('a state folder failure is logged as a warning', () => {
    const { tell, entries } = eventLog();
    tell('shop', {
      type: 'unstored',
      failure: { ...FULL, code: 'lock-unusable', message: 'cannot lock /x' },
    });
    expect(entries()).toMatchObject([{ level: 'warn', message: 'cannot lock /x', code: 'lock-unusable' }]);
  });
});
