import { describe, expect, it } from 'vitest';
import type { PushReport } from '../../../src/core/events/push.ts';
import { createPushLog } from '../../../src/observability/log/push-log.ts';
import { journal } from '../journal.ts';

function told(reports: readonly (PushReport & { readonly at?: number })[]) {
  const { logger, entries } = journal();
  let now = 0;
  const log = createPushLog(logger, { now: () => ({ wall: now, monotonic: now }) });
  for (const { at = now, ...report } of reports) {
    now = at;
    log(report);
  }
  return entries();
}

describe('push log', () => {
  it('a push is a line with its type, appid, age and verdict', () => {
    const report = { credential: 'platform', id: 'wx0000000000000000', infoType: 'authorized', age: 1600 };
    expect(told([{ verdict: 'event', ...report }])).toMatchObject([
      {
        level: 'info',
        message: 'push received',
        credential: 'platform',
        app_id: 'wx0000000000000000',
        info_type: 'authorized',
        age_s: 2,
        verdict: 'event',
      },
    ]);
  });

  it('a code that nobody exchanges is a warning with what is to be done, and by when', () => {
    const [line] = told([{ verdict: 'event', infoType: 'create_auth', isLeft: true }]);
    expect(line).toMatchObject({ level: 'warn', advice: expect.stringContaining('10 minutes') });
  });

  it('tickets, which come every few minutes, are lines of level debug', () => {
    const levels = told([{ verdict: 'ticket' }, { verdict: 'older' }, { verdict: 'ignored' }]);
    expect(levels.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug']);
  });

  it('what could not be kept is an error with its reason, and a ticket of another time a warning', () => {
    expect(
      told([
        { verdict: 'failed', problem: 'no space is left' },
        { verdict: 'stale', refusal: 'time', dialect: 'open-platform' },
      ]),
    ).toMatchObject([
      { level: 'error', message: 'a push of the platform failed: no space is left' },
      { level: 'warn', advice: expect.stringContaining('clock') },
    ]);
  });

  it('refused pushes are a line a minute at most, with their number', () => {
    const times = [0, 1, 2, 60_000].map((at) => ({ verdict: 'refused' as const, at }));
    const entries = told(times);
    expect(entries).toHaveLength(2);
    expect(entries[0]).not.toHaveProperty('times');
    expect(entries[1]).toMatchObject({ level: 'warn', times: 3 });
  });

  it('pushes for paths that are not configured are a line a minute at most, with the path where it can be shown', () => {
    const entries = told([
      { verdict: 'unknown-path', path: '/wx/plattform' },
      { verdict: 'unknown-path', path: '/wx/other' },
      { verdict: 'refused' },
    ]);
    expect(entries).toMatchObject([
      { level: 'warn', path: '/wx/plattform', advice: expect.stringContaining('URL in its console') },
      { level: 'warn', verdict: 'refused' },
    ]);
    expect(told([{ verdict: 'unknown-path', path: '/wx/<x>' }])[0]).not.toHaveProperty('path');
  });

  it.each([
    ['signature', /not signed with the Token that tokenFile holds/, '消息校验Token'],
    ['decryption', /the EncodingAESKey that encodingAesKeyFile holds does not open it/, '消息加解密Key'],
  ] as const)('a push with a wrong %s is told with what to compare', (refusal, why, place) => {
    const report = {
      verdict: 'refused',
      credential: 'platform',
      dialect: 'open-platform',
      refusal,
    } as const;
    expect(told([report])).toMatchObject([
      {
        level: 'warn',
        message: expect.stringMatching(why),
        advice: expect.stringContaining(place),
      },
    ]);
  });

  it('a push that anybody could make does not hide the refused one of the platform', () => {
    const entries = told([
      { verdict: 'refused' },
      { verdict: 'refused', credential: 'platform', dialect: 'open-platform', refusal: 'decryption' },
    ]);
    expect(entries).toHaveLength(2);
  });

  it('an account that is not served is told once, and no more than twenty are', () => {
    const ids = Array.from({ length: 100 }, (_, at) => `wx${at % 50}`);
    const entries = told(ids.map((id) => ({ verdict: 'unknown-account' as const, id })));
    expect(entries).toHaveLength(20);
    expect(entries[0]).toMatchObject({ level: 'warn', app_id: 'wx0' });
  });

  it('an id that could be anything is not shown', () => {
    const [entry] = told([{ verdict: 'unknown-account', id: 'wx\n0' }]);
    expect(entry).not.toHaveProperty('app_id');
  });
});
