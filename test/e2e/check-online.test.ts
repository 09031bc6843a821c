import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchOf, CORP, check, unusedAddress } from './checking.ts';
import { APP_ID, APP_SECRET, type Workbench } from './workbench.ts';

const PROBE = '/cgi-bin/getcallbackip';
const RID = '5f3e1a2b-1a2b3c4d-5e6f7a8b';

describe('check --online', () => {
  it.for([
    ['stable-token', APP_ID, '/cgi-bin/stable_token'],
    ['wecom', CORP, '/cgi-bin/gettoken'],
  ] as const)('check --online fetches one token of type %s without force', async ([type, appId, path]) => {
    const bench = await benchOf();
    const env = { WXTOKEN_TYPE: type, WXTOKEN_APPID: appId };
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^  reached      ${bench.sandbox.url}, in \\d+ ms$`, 'm'));
    expect(stdout).toMatch(/^ {2}answer {7}a token with (2 h 0 min|1 h 59 min) of life left \(neither kept/m);
    expect(stdout).toMatch(/^ {2}clock {8}as the platform's, give or take \d+ s$/m);
    expect(stdout).toMatch(/; WeChat: 1 good$/m);
    expect(await bench.sandbox.journal()).toMatchObject([{ path, force: false }]);
    // The very token that it was given, which comes again, is nowhere in what it said.
    expect((await bench.once(env)).code).toBe(0);
    expect(stdout).not.toContain(await bench.token());
  });

  it('check --online without a stored access-token fetches none and calls without the AppSecret', async () => {
    const bench = await benchOf();
    const { code, stdout } = await check(bench, { WXTOKEN_TYPE: 'access-token' }, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}answer {7}a call without the AppSecret is answered/m);
    expect(stdout).toContain('a fetch kills the one that is published');
    expect(await bench.sandbox.journal()).toMatchObject([{ path: PROBE }]);
  });

  it('check --online tries the stored access-token and leaves it working', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_TYPE: 'access-token' };
    expect((await bench.once(env)).code).toBe(0);
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}answer {7}the stored token works and has (2 h 0 min|1 h 59 min) of life left$/m,
    );
    expect(await bench.fetches()).toHaveLength(1);
    const answer = await fetch(`${bench.sandbox.url}${PROBE}?access_token=${await bench.token()}`);
    expect(await answer.json()).toHaveProperty('ip_list');
  });

  it('check --online exits with 77 when another process has killed the stored access-token', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_TYPE: 'access-token' };
    expect((await bench.once(env)).code).toBe(0);
    const rival = `/cgi-bin/token?grant_type=client_credential&appid=${APP_ID}&secret=${APP_SECRET}`;
    for (const _ of [1, 2]) await fetch(bench.sandbox.url + rival);
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(77);
    expect(stdout).toMatch(
      /^ {2}answer {7}the platform refuses the stored token, though it should still live$/m,
    );
    expect(stdout).toMatch(/^ {2}answer {7}40001 .+\n {2}to do {8}.*another process is fetching/m);
    expect(stdout).toMatch(/; WeChat: 1 refused$/m);
    expect(await bench.fetches()).toHaveLength(3);
  });

  it('check --online asks a host of QQ bots nothing that it lacks when the budget is used up', async () => {
    const bench = await benchOf();
    await bench.sandbox.control('POST', '/bots', { appId: '102000000', secret: APP_SECRET });
    const env = { WXTOKEN_TYPE: 'qq-bot', WXTOKEN_APPID: '102000000', WXTOKEN_FETCHES_PER_DAY: '1' };
    expect((await bench.once(env)).code).toBe(0);
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(stdout).toContain('the budget of fetches is used up for now');
    expect(code).toBe(0);
    expect((await bench.sandbox.journal()).map(({ path, errcode }) => [path, errcode])).toEqual([
      ['/app/getAppAccessToken', 0],
      ['/app/getAppAccessToken', 100_016],
    ]);
  });

  it('G7: check --online makes no fetch when the budget is used up', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_FETCHES_PER_DAY: '1' };
    expect((await bench.once(env)).code).toBe(0);
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toContain('the budget of fetches is used up for now');
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('G9: check --online exits with 77 on 40164 and names the IP address to whitelist', async () => {
    const bench = await benchOf();
    const errmsg = `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: ${RID}`;
    await bench.sandbox.faults([{ kind: 'errcode', errcode: 40164, errmsg }]);
    const { code, stdout } = await check(bench, {}, ['--online']);

    expect(code).toBe(77);
    expect(stdout).toMatch(
      /^ {2}reached {6}.+\n {2}answer {7}40164 203\.0\.113\.7 is not on the IP whitelist/m,
    );
    expect(stdout).toMatch(/^ {2}to do {8}Add 203\.0\.113\.7 to the IP whitelist .+\n {2}rid {10}5f3e1a2b-/m);
    // Also an answer that says no has a date.
    expect(stdout).toMatch(/^ {2}clock {8}as the platform's/m);
  });

  it('G9: check --online exits with 77 on 40164 for a stored access-token as well', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_TYPE: 'access-token' };
    expect((await bench.once(env)).code).toBe(0);
    const errmsg = 'invalid ip 203.0.113.7, not in whitelist';
    await bench.sandbox.faults([{ kind: 'errcode', errcode: 40164, errmsg }]);
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(77);
    expect(stdout).toContain('Add 203.0.113.7 to the IP whitelist');
  });

  it('check --online exits with 77 on a wrong AppSecret', async () => {
    const bench = await benchOf();
    await bench.sandbox.account(APP_ID).patch({ secret: 'f'.repeat(32) });
    const { code, stdout } = await check(bench, {}, ['--online']);

    expect(code).toBe(77);
    expect(stdout).toMatch(/^ {2}answer {7}40125 .+\n {2}to do {8}.*AppSecret.+\n {2}rid /m);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('check --online exits with 75 when the platform answers HTTP 502', async () => {
    const bench = await benchOf();
    await bench.sandbox.faults([{ kind: 'status', status: 502 }]);
    const { code, stdout } = await check(bench, {}, ['--online']);

    expect(code).toBe(75);
    expect(stdout).toMatch(/^ {2}answer {7}the platform answered HTTP 502$/m);
    expect(stdout).toMatch(/; WeChat: 1 with a passing fault$/m);
  });

  it.for(['stable-token', 'access-token'])(
    'check --online of type %s exits with 75 when nothing listens at the platform',
    async (type) => {
      const bench = await benchOf();
      const env = { WXTOKEN_TYPE: type, WXTOKEN_API_BASE_URL: await unusedAddress() };
      const { code, stdout } = await check(bench, env, ['--online']);

      expect(code).toBe(75);
      expect(stdout).toMatch(
        /^ {2}no answer {4}http:\/\/127\.0\.0\.1:\d+, after \d+ ms: .*cannot be reached/m,
      );
      expect(stdout).toMatch(/^ {2}to do {8}check egress/m);
    },
  );

  it('check --online exits with 75 when the platform hangs longer than the timeout', async () => {
    const bench = await benchOf();
    await bench.sandbox.faults([{ kind: 'hang' }]);
    const { code, stdout } = await check(bench, {}, ['--online', '--timeout', '1s']);

    expect(code).toBe(75);
    expect(stdout).toMatch(/^ {2}no answer {4}.+: it did not answer in time/m);
    expect(stdout).toMatch(/^ {2}to do {8}check egress: firewall, NetworkPolicy, proxy; /m);
  });

  it('check --online exits with 75 and names the proxy when the proxy is dead', async () => {
    const bench = await benchOf();
    const proxy = await unusedAddress();
    const env = { WXTOKEN_API_BASE_URL: 'https://api.weixin.invalid', WXTOKEN_PROXY: proxy };
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(75);
    expect(stdout).toMatch(new RegExp(`: no answer from the proxy ${proxy}: it cannot be reached`));
    expect(stdout).toMatch(/^ {2}to do {8}start the proxy, or correct its address/m);
  });

  it('check --online exits with 75 when an https URL meets a plain http server', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_API_BASE_URL: bench.sandbox.url.replace('http:', 'https:') };
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(75);
    expect(stdout).toContain('it speaks no TLS (plain http?)');
    expect(stdout).not.toContain('certificate');
  });

  it('check --online reports a host that failed before the fallback host answered', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_API_BASE_URL: await unusedAddress(), WXTOKEN_API_FALLBACK_URLS: bench.sandbox.url };
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^  no answer    .+\\n  reached      ${bench.sandbox.url}, in`, 'm'));
  });

  it('check --online warns when the machine clock is behind the platform clock', async () => {
    const bench = await benchOf();
    await bench.sandbox.advance(90_000);
    const { code, stdout } = await check(bench, {}, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}clock {8}1 min (29|30|31) s behind the platform's, give or take \d+ s$/m);
    expect(stdout).toMatch(/^ {2}WARNING {6}this machine's clock is .+ behind: .+ synchronise it/m);
  });

  it('check --online warns when the stored record cannot be used', async () => {
    const bench = await benchOf();
    const env = { WXTOKEN_TYPE: 'access-token' };
    expect((await bench.once(env)).code).toBe(0);
    const state = join(bench.folder, 'volume', '.wx-token-sidecar');
    const [name = ''] = (await readdir(state)).filter((entry) => entry.endsWith('.json'));
    const half = (await readFile(join(state, name), 'utf8')).slice(0, 100);
    await writeFile(join(state, name), half);
    const { code, stdout } = await check(bench, env, ['--online']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}WARNING {6}ignoring .+\.json: not JSON$/m);
    expect(stdout).toMatch(/^ {2}answer {7}a call without the AppSecret is answered/m);
    expect(stdout).toMatch(/; WeChat: 1 reached, and asked for no token$/m);
  });
});

describe('check --online of several credentials', () => {
  /** What the daemon of one account gets from its environment. */
  const FILE_ONLY = {
    WXTOKEN_APPID: '',
    WXTOKEN_SECRET_FILE: '',
    WXTOKEN_FILE: '',
    WXTOKEN_API_BASE_URL: '',
  };

  /** One good credential, one whose host is dead, one that the platform does not know. */
  async function configOf(bench: Workbench, names: readonly string[]): Promise<string> {
    const bases: Readonly<Record<string, string>> = { dead: await unusedAddress() };
    const credentials = names.map((name) => ({
      name,
      appId: name === 'good' ? APP_ID : `wx${name}00000000`,
      secretFile: join(bench.folder, 'secrets', 'app.secret'),
      platform: { baseUrl: bases[name] ?? bench.sandbox.url },
      publish: [{ type: 'file', path: join(bench.folder, 'volume', name, 'token') }],
    }));
    const config = join(bench.folder, 'config.json');
    await writeFile(config, JSON.stringify({ stateDir: join(bench.folder, 'state'), credentials }));
    return config;
  }

  it.for([
    { names: ['good'], code: 0, says: '1 good' },
    { names: ['good', 'dead'], code: 75, says: '1 good, 1 with a passing fault' },
    { names: ['stray', 'dead', 'good'], code: 77, says: '1 good, 1 with a passing fault, 1 refused' },
  ])(
    'check --online exits with the code of the worst result when it reports $says',
    async ({ names, code, says }) => {
      const bench = await benchOf();
      const config = await configOf(bench, names);
      const said = await check(bench, FILE_ONLY, ['--online', '--config', config]);

      expect(said).toMatchObject({ code, stderr: '' });
      expect(said.stdout).toMatch(new RegExp(`; WeChat: ${says}$`, 'm'));
      const titles = said.stdout.match(/^\w+(?=: stable-token of wx)/gm);
      expect(titles).toEqual(names);
    },
  );
});
