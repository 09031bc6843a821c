import { execFile } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../src/codec/encoding.ts';
import type { SandboxOptions } from '../../src/sandbox/index.ts';
import { blocksOf, textOf } from '../docs/readme.ts';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { withSandbox } from '../support/sandbox.ts';
import { needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { leave } from './third-parties.ts';

const execute = promisify(execFile);

const PROVIDER = 'ww0000000000000000';
const SUITE = 'ww0000000000000001';
const CORP = 'wpAbCdEfGh0000000000';
const BOT = '102000000';
const SECRET = 's'.repeat(32);
const OTHER_SECRET = 'o'.repeat(32);

/** The types whose token is handed out again until it ends. */
const TYPES = {
  'wecom-provider': {
    path: '/cgi-bin/service/get_provider_token',
    at: `/providers/${PROVIDER}`,
    refused: 40_001,
  },
  'wecom-suite': { path: '/cgi-bin/service/get_suite_token', at: `/suites/${SUITE}`, refused: 40_080 },
  'wecom-corp': {
    path: '/cgi-bin/service/get_corp_token',
    at: `/suites/${SUITE}/corps/${CORP}`,
    refused: 40_084,
  },
  'qq-bot': { path: '/app/getAppAccessToken', at: `/bots/${BOT}`, refused: 100_007 },
} as const;

type Type = keyof typeof TYPES;
const ALL = Object.keys(TYPES) as Type[];

/** A daemon with one credential of each type, named as its type. */
async function everyType(options: Partial<SandboxOptions> = {}) {
  const sandbox = await withSandbox(options);
  const folder = await temporaryFolder();
  await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: SECRET });
  await sandbox.control('POST', '/suites', { suiteId: SUITE, secret: SECRET, provider: PROVIDER });
  await sandbox.control('POST', '/bots', { appId: BOT, secret: SECRET });
  const install = () =>
    sandbox.control<{ authCode: string; permanentCode: string }>('POST', `/suites/${SUITE}/corps`, {
      corpId: CORP,
    });
  const secretOf = (type: Type) => join(folder, `${type}.secret`);
  const keep = (type: Type, secret: string) => writeFile(secretOf(type), secret, { mode: 0o600 });
  for (const type of ALL) await keep(type, SECRET);
  await keep('wecom-corp', (await install()).permanentCode);
  const ticket = join(folder, 'ticket');
  const pushed = await sandbox.control<{ ticket: string }>('POST', `/suites/${SUITE}/tickets`);
  await leave(ticket, pushed.ticket);
  const path = (type: Type) => join(folder, 'wx', type, 'token');
  const own: Record<Type, object> = {
    'wecom-provider': { corpId: PROVIDER },
    'wecom-suite': { suiteId: SUITE, ticket: { file: ticket } },
    'wecom-corp': { via: 'wecom-suite', corpId: CORP },
    'qq-bot': { appId: BOT },
  };
  const credentials = ALL.map((type) => ({
    ...{ name: type, type, secretFile: secretOf(type), ...own[type] },
    publish: [{ type: 'file', path: path(type) }],
  }));
  const config = join(folder, 'config.json');
  const stateDir = join(folder, 'state');
  await writeFile(
    config,
    JSON.stringify({ schedule: '* * * * * *', stateDir, platform: { baseUrl: sandbox.url }, credentials }),
  );
  return {
    ...{ sandbox, folder, install, keep, path, secretOf },
    start: () => startProgram(['--config', config], {}, onTestFinished),
    refresh: (type: Type) => startProgram(['refresh', type, '--config', config], {}, onTestFinished),
    token: (type: Type) => contentOf(path(type)),
    newToken: (type: Type, than?: string) =>
      eventually(
        async () => {
          const value = await contentOf(path(type));
          return value !== than && value;
        },
        { for: `a token of ${type}` },
      ),
    calls: (type: Type) => sandbox.calls(TYPES[type].path),
  };
}

describe('types whose token is handed out again until it ends', () => {
  it('each is fetched by one call, and a restart costs none', async () => {
    const { sandbox, start, newToken, calls } = await everyType();
    const daemon = start();
    for (const type of ALL) await newToken(type);
    for (const type of ALL) expect(await calls(type), type).toBe(1);
    daemon.signal('SIGTERM');
    await daemon.exited;
    const before = (await sandbox.journal()).length;
    const next = start();
    for (const type of ALL)
      await next.logged((line) => line.message.includes('adopted') && line['credential'] === type);
    next.signal('SIGTERM');
    await next.exited;
    expect((await sandbox.journal()).length).toBe(before);
  });

  it.each(ALL)('after a lost answer %s gets the very token that was lost', async (type) => {
    const { sandbox, start, newToken, calls } = await everyType();
    await sandbox.faults([{ kind: 'lost-answer', path: TYPES[type].path, times: 1 }]);
    start();
    const published = await newToken(type);
    const made = (await sandbox.journal()).filter((call) => call.path === TYPES[type].path);
    const expected = sha256(published);
    expect(made.map(({ tokenSha256 }) => tokenSha256)).toEqual([expected, expected]);
    expect(await calls(type)).toBe(2);
  });

  it('each is replaced when it ends', async () => {
    const { start, newToken } = await everyType({ tokenTtl: 8 });
    start();
    await Promise.all(ALL.map(async (type) => newToken(type, await newToken(type))));
  });

  it.each(['wecom-provider', 'wecom-suite', 'qq-bot'] as const)(
    'a refused secret of %s takes nothing from what is published, and the right one heals it',
    async (type) => {
      const { sandbox, start, refresh, keep, newToken, token } = await everyType();
      const daemon = start();
      const before = await newToken(type);
      await sandbox.control('PATCH', TYPES[type].at, { secret: OTHER_SECRET, killTokens: true });
      refresh(type);
      await daemon.logged((line) => line['errcode'] === TYPES[type].refused && line['credential'] === type);
      expect(await token(type)).toBe(before);
      await keep(type, OTHER_SECRET);
      await newToken(type, before);
    },
  );

  it('a corp that cancels keeps what is published, and the permanent code of its next authorisation heals it, got as docs/third-parties.md says', async ({
    skip,
  }) => {
    for (const tool of ['sh', 'curl', 'jq'] as const) await needsTool(skip, tool);
    const { sandbox, start, refresh, install, path, secretOf, newToken, token } = await everyType();
    const daemon = start();
    const before = await newToken('wecom-corp');
    await sandbox.control('DELETE', TYPES['wecom-corp'].at);
    refresh('wecom-corp');
    await daemon.logged(
      (line) => line['errcode'] === TYPES['wecom-corp'].refused && line['credential'] === 'wecom-corp',
    );
    expect(await token('wecom-corp')).toBe(before);

    const { authCode, permanentCode } = await install();
    const recipe = blocksOf(await textOf('docs/third-parties.md')).find(({ code }) =>
      code.includes('get_permanent_code'),
    );
    const script = (recipe?.code ?? '')
      .replaceAll('/etc/wx-token/corp-a.permanent-code', secretOf('wecom-corp'))
      .replaceAll('/var/run/wx/suite/token', path('wecom-suite'))
      .replaceAll('https://qyapi.weixin.qq.com', sandbox.url);
    const exchange = () => execute('sh', ['-c', script], { env: { ...process.env, AUTH_CODE: authCode } });
    expect((await exchange()).stdout).toBe(`${CORP}\n`);
    expect(await contentOf(secretOf('wecom-corp'))).toBe(permanentCode);
    expect((await stat(secretOf('wecom-corp'))).mode & 0o777).toBe(0o600);
    await newToken('wecom-corp', before);

    // A code works once. The second try must not harm what the first one brought.
    await expect(exchange()).rejects.toThrow();
    expect(await contentOf(secretOf('wecom-corp'))).toBe(permanentCode);
  });
});
