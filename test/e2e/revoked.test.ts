import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentOf } from '../support/files.ts';
import { type Program, startProgram } from '../support/program.ts';
import { withSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { leave, PLATFORM, SHOP, thirdParty } from './third-parties.ts';

interface Row {
  readonly credential: string;
  readonly kind: string;
  readonly state: string;
  readonly life_left?: number;
  readonly error?: { readonly code: string; readonly advice?: string };
}

/** Everything by which people, probes and programs look at a daemon. */
async function looksAt(daemon: Program, config: string) {
  const { message } = await daemon.logged(/^health and metrics on /);
  const address = /\d+\.\d+\.\d+\.\d+:\d+/.exec(message)?.[0] ?? '';
  const get = async (path: string, accept = '*/*') => {
    const answer = await fetch(`http://${address}${path}`, { headers: { accept } });
    return { status: answer.status, text: await answer.text() };
  };
  const command = async (args: readonly string[]) => {
    const program = startProgram([...args, '--config', config], {}, onTestFinished);
    return { code: (await program.exited).code, stdout: program.stdout() };
  };
  const rows = async () =>
    (JSON.parse((await get('/', 'application/json')).text) as { credentials: Row[] }).credentials;
  return {
    get,
    command,
    refresh: (name: string) => command(['refresh', name]),
    /** Of each row of a credential, by kind: its state, as the page tells and as `status` tells. */
    async states(name: string) {
      const { stdout } = await command(['status', '--json']);
      const told = (JSON.parse(stdout) as { credentials: Row[] }).credentials;
      const of = (list: readonly Row[]) =>
        Object.fromEntries(
          list.filter(({ credential }) => credential === name).map(({ kind, state }) => [kind, state]),
        );
      return { page: of(await rows()), status: of(told) };
    },
    async row(name: string) {
      return (await rows()).find(({ credential, kind }) => credential === name && kind === 'token');
    },
    /** When the token ends, by the metric, in seconds from now. */
    async endsIn(name: string, kind = 'token') {
      const { text } = await get('/metrics');
      const line = text
        .split('\n')
        .find((one) =>
          one.startsWith(`wx_token_expires_timestamp_seconds{credential="${name}",kind="${kind}"}`),
        );
      return Number(line?.split(' ').at(-1)) - Date.now() / 1000;
    },
  };
}

const dead = (...kinds: readonly string[]) => Object.fromEntries(kinds.map((kind) => [kind, 'dead']));
const fresh = (...kinds: readonly string[]) => Object.fromEntries(kinds.map((kind) => [kind, 'fresh']));

describe('an account that has cancelled its authorisation', () => {
  it('counts as dead wherever people and machines look, keeps its file, survives a restart and heals by itself', async () => {
    const party = await thirdParty(onTestFinished);
    const { folder, path, push, authorize, start, sandbox, newToken, token } = party;
    const config = join(folder, 'config.json');
    const document = JSON.parse(await readFile(config, 'utf8'));
    const [platform, shop] = document.credentials;
    const ticket = join(folder, 'wx', 'shop', 'jsapi');
    await writeFile(
      config,
      JSON.stringify({
        ...document,
        http: { listen: '127.0.0.1:0' },
        credentials: [
          platform,
          {
            ...shop,
            tickets: ['jsapi'],
            publish: [...shop.publish, { type: 'file', path: ticket, of: 'jsapi' }],
          },
        ],
      }),
    );
    await authorize();
    await push();
    const daemon = start();
    const first = await newToken('shop');
    const firstTicket = await eventually(() => contentOf(ticket));
    const looks = await looksAt(daemon, config);
    await eventually(async () => (await looks.get('/readyz')).status === 200);
    const details = await readFile(`${path('shop')}.json`, 'utf8');

    await sandbox.control('DELETE', `/components/${PLATFORM}/authorizers/${SHOP}`);
    expect((await looks.refresh('shop')).code).not.toBe(0);
    const refused = await daemon.logged((line) => line['errcode'] === 61_003);
    expect(refused.level).toBe('error');
    expect(refused.message).not.toContain('valid for');
    const kinds = ['token', 'jsapi'];
    await eventually(async () => (await looks.states('shop')).status['token'] === 'dead');
    expect(await looks.states('shop')).toEqual({ page: dead(...kinds), status: dead(...kinds) });
    expect((await looks.states('platform')).status).toEqual(fresh('token'));
    expect(await looks.row('shop')).toMatchObject({ life_left: 0, error: { code: 'wx-61003' } });
    expect((await looks.row('shop'))?.error?.advice).toContain('authorise the platform again');
    expect((await looks.command(['status'])).code).not.toBe(0);
    const ready = await looks.get('/readyz');
    expect(ready.status).toBe(503);
    expect(ready.text).toMatch(/^shop token: dead: 61003/m);
    for (const kind of kinds) expect(await looks.endsIn('shop', kind)).toBeLessThanOrEqual(0);
    expect(await looks.endsIn('platform')).toBeGreaterThan(0);
    expect((await looks.command(['once', '--timeout', '20s'])).code).toBe(77);
    expect([await token('shop'), await contentOf(ticket)]).toEqual([first, firstTicket]);
    expect(await readFile(`${path('shop')}.json`, 'utf8')).toBe(details);

    daemon.signal('SIGTERM');
    await daemon.exited;
    expect((await looks.command(['status'])).code).not.toBe(0);
    const next = start();
    const again = await looksAt(next, config);
    await eventually(async () => (await again.get('/readyz')).text.includes('shop token: dead: 61003'));
    await eventually(async () => (await again.states('shop')).status['token'] === 'dead');
    expect(await again.states('shop')).toEqual({ page: dead(...kinds), status: dead(...kinds) });
    expect(await token('shop')).toBe(first);

    await authorize();
    await again.refresh('shop');
    await newToken('shop', first);
    await eventually(async () => (await again.get('/readyz')).status === 200);
    await eventually(async () => (await again.states('shop')).status['jsapi'] === 'fresh');
    expect(await again.states('shop')).toEqual({ page: fresh(...kinds), status: fresh(...kinds) });
    expect((await again.command(['status'])).code).toBe(0);
    expect(await again.row('shop')).not.toHaveProperty('error');
  });
});

const SUITE = 'ww0000000000000001';
const CORP = 'wpAbCdEfGh0000000000';

describe('a corp that has removed the app', () => {
  it('counts as dead once its permanent code is refused, which a code that never worked does not bring about', async () => {
    const sandbox = await withSandbox();
    const folder = await temporaryFolder();
    const [provider, secret] = ['ww0000000000000000', 's'.repeat(36)];
    await sandbox.control('POST', '/providers', { corpId: provider, secret: 'p'.repeat(32) });
    await sandbox.control('POST', '/suites', { suiteId: SUITE, secret, provider });
    const install = async () =>
      String((await sandbox.control('POST', `/suites/${SUITE}/corps`, { corpId: CORP }))['permanentCode']);
    const [secretFile, codeFile, ticket] = ['suite.secret', 'corp.code', 'ticket'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await writeFile(secretFile, secret, { mode: 0o600 });
    const code = await install();
    await writeFile(codeFile, code, { mode: 0o600 });
    const pushed = await sandbox.control<{ ticket: string }>('POST', `/suites/${SUITE}/tickets`);
    await leave(ticket, pushed.ticket);
    const path = (name: string) => join(folder, 'wx', name);
    const config = join(folder, 'config.json');
    const own = { name: 'suite', type: 'wecom-suite', suiteId: SUITE, secretFile, ticket: { file: ticket } };
    const corp = { name: 'corp', type: 'wecom-corp', via: 'suite', corpId: CORP, secretFile: codeFile };
    await writeFile(
      config,
      JSON.stringify({
        ...{ schedule: '* * * * * *', stateDir: join(folder, 'state'), platform: { baseUrl: sandbox.url } },
        http: { listen: '127.0.0.1:0' },
        credentials: [
          { ...own, publish: [{ type: 'file', path: path('suite') }] },
          {
            ...{ ...corp, tickets: ['corp_jsapi'] },
            publish: [
              { type: 'file', path: path('corp') },
              { type: 'file', path: path('ticket'), of: 'corp_jsapi' },
            ],
          },
        ],
      }),
    );
    const daemon = startProgram(['--config', config], {}, onTestFinished);
    const looks = await looksAt(daemon, config);
    const first = await eventually(() => contentOf(path('corp')));
    await eventually(() => contentOf(path('ticket')));
    await eventually(async () => (await looks.get('/readyz')).status === 200);

    await writeFile(codeFile, `${code.slice(0, -1)}${code.endsWith('a') ? 'b' : 'a'}`);
    await daemon.logged((line) => line['errcode'] === 40_084);
    expect((await looks.states('corp')).page).toEqual(fresh('token', 'corp_jsapi'));
    expect((await looks.get('/readyz')).status).toBe(200);
    await writeFile(codeFile, code);
    await daemon.logged(/the AppSecret is again the one/);

    await sandbox.control('DELETE', `/suites/${SUITE}/corps/${CORP}`);
    expect((await looks.refresh('corp')).code).not.toBe(0);
    await eventually(async () => (await looks.states('corp')).status['token'] === 'dead');
    const kinds = ['token', 'corp_jsapi'];
    expect(await looks.states('corp')).toEqual({ page: dead(...kinds), status: dead(...kinds) });
    expect((await looks.states('suite')).page).toEqual(fresh('token'));
    expect((await looks.get('/readyz')).status).toBe(503);
    expect((await looks.command(['status'])).code).not.toBe(0);
    expect(await contentOf(path('corp'))).toBe(first);

    await writeFile(codeFile, await install());
    await eventually(async () => (await contentOf(path('corp'))) !== first);
    await eventually(async () => (await looks.states('corp')).status['corp_jsapi'] === 'fresh');
    expect(await looks.states('corp')).toEqual({ page: fresh(...kinds), status: fresh(...kinds) });
    expect((await looks.get('/readyz')).status).toBe(200);
    expect((await looks.command(['status'])).code).toBe(0);
  });
});
