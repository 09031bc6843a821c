import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchFile } from '../fleet/fleet.ts';
import { contentOf } from '../support/files.ts';
import { eventually } from '../support/wait.ts';
import { APP_SECRET, workbench } from './workbench.ts';

/** Lives of seconds. */
const LIFE = 9;

const CORP = { appId: 'ww0000000000000000', secret: APP_SECRET };

/** What is published, where it is asked for, and with which environment. */
const CASES = [
  {
    what: 'the tickets of an official account',
    env: { WXTOKEN_TICKETS: 'jsapi,wx_card', WXTOKEN_ROTATION_WINDOW: '2s' },
    files: ['jsapi_ticket', 'wx_card_ticket'],
    paths: ['/cgi-bin/ticket/getticket'],
  },
  {
    what: 'the token and the tickets of a WeCom app',
    env: { WXTOKEN_TYPE: 'wecom', WXTOKEN_APPID: CORP.appId, WXTOKEN_TICKETS: 'corp_jsapi,agent_config' },
    files: ['token', 'corp_jsapi_ticket', 'agent_config_ticket'],
    paths: ['/cgi-bin/gettoken', '/cgi-bin/get_jsapi_ticket', '/cgi-bin/ticket/get'],
  },
] as const;

describe.concurrent('G2: credentials that cannot be renewed early', () => {
  for (const { what, env, files, paths } of CASES) {
    it(`${what} are replaced over three lifetimes without an error`, async ({ onTestFinished }) => {
      const accounts = [{ appId: 'wx0000000000000000', secret: APP_SECRET }, CORP];
      const bench = await workbench(onTestFinished, { accounts, tokenTtl: LIFE, rotationWindow: 3 });
      const daemon = bench.run(env);
      const histories = files.map((name) => watchFile(join(dirname(bench.file), name), onTestFinished));
      await eventually(() => histories.every((history) => history.seen().length > 3), {
        for: 'three replacements of everything',
      });

      const calls = (await bench.sandbox.journal()).filter(({ path }) =>
        paths.some((other) => other === path),
      );
      expect(calls.filter(({ errcode }) => errcode !== 0)).toEqual([]);
      // Early, at the end, and a few times until it changes: for each of them, and for each life.
      expect(calls.length).toBeLessThan(files.length * 4 * 12);
      expect(daemon.log().filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    });
  }
});

describe.concurrent('tickets', () => {
  it('a ticket has its own details file and is reused without a call after a restart', async ({
    onTestFinished,
  }) => {
    const { sandbox, once, file } = await workbench(onTestFinished);
    const env = { WXTOKEN_TICKETS: 'jsapi' };
    expect((await once(env)).code).toBe(0);
    const path = join(dirname(file), 'jsapi_ticket');
    const ticket = await contentOf(path);
    expect(JSON.parse((await contentOf(`${path}.json`)) ?? '')).toMatchObject({
      type: 'jsapi',
      app_id: 'wx0000000000000000',
      ticket,
      expires_in: 7200,
    });

    expect((await once(env)).code).toBe(0);
    expect(await sandbox.calls('/cgi-bin/ticket/getticket')).toBe(1);
    expect(await contentOf(path)).toBe(ticket);
  });

  it('a ticket refused because of its token is fetched with a new token', async ({ onTestFinished }) => {
    const { sandbox, run, newToken, file } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'errcode', errcode: 40001, path: '/cgi-bin/ticket/getticket', times: 1 }]);
    const daemon = run({ WXTOKEN_TYPE: 'access-token', WXTOKEN_TICKETS: 'jsapi' });
    await newToken();
    await eventually(() => contentOf(join(dirname(file), 'jsapi_ticket')), { for: 'the ticket' });

    expect(await sandbox.calls('/cgi-bin/token')).toBe(2);
    expect(daemon.log()).toContainEqual(
      expect.objectContaining({ credential: 'default', kind: 'jsapi', errcode: 40001 }),
    );
  });

  it('a ticket is not fetched while the platform refuses its token', async ({ onTestFinished }) => {
    const { sandbox, once } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'errcode', errcode: 40125, path: '/cgi-bin/stable_token' }]);
    const { code, log } = await once({ WXTOKEN_TICKETS: 'jsapi' }, ['--timeout', '10m']);

    expect(code).toBe(77);
    expect(await sandbox.calls('/cgi-bin/ticket/getticket')).toBe(0);
    expect(log().filter(({ message }) => message?.startsWith('not published'))).toHaveLength(2);
  });

  it('a ticket of another account type is refused at start with exit code 78', async ({ onTestFinished }) => {
    const { once } = await workbench(onTestFinished);
    const { code, stderr } = await once({ WXTOKEN_TICKETS: 'agent_config' });
    expect(code).toBe(78);
    expect(stderr()).toBe(
      'wx-token-sidecar: WXTOKEN_TICKETS: agent_config is not a ticket of stable-token: that has jsapi and wx_card\n',
    );
  });
});

describe.concurrent('G7: wrong secret of a WeCom app', () => {
  it('a refused WeCom secret causes one call and a warning about too many failing calls', async ({
    onTestFinished,
  }) => {
    const accounts = [CORP];
    const { sandbox, run } = await workbench(onTestFinished, { accounts });
    const daemon = run({
      WXTOKEN_TYPE: 'wecom',
      WXTOKEN_APPID: CORP.appId,
      WXTOKEN_SECRET: 'f'.repeat(32),
      WXTOKEN_SECRET_FILE: '',
    });
    const line = await daemon.logged(({ errcode }) => errcode === 40001);
    expect(line.advice).toMatch(/2000 failing calls/);
    expect(await sandbox.calls('/cgi-bin/gettoken')).toBe(1);
  });
});
