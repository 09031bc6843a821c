import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentOf } from '../support/files.ts';
import { eventually } from '../support/wait.ts';
import { leave, PATHS, PLATFORM, PLATFORM_SECRET, SHOP, thirdParty } from './third-parties.ts';

const HOUR = 3_600_000;

const json = (text: string | undefined) => JSON.parse(text ?? '{}') as Record<string, unknown>;

describe('a component and an account that has authorised it', () => {
  it('both get a token without a configured refresh token, and a restart costs no call', async () => {
    const { push, authorize, start, newToken, path, calls, sandbox } = await thirdParty(onTestFinished);
    await authorize();
    await push();
    const first = start();
    const [platform, shop] = [await newToken('platform'), await newToken('shop')];
    expect(json(await contentOf(`${path('shop')}.json`))).toMatchObject({ type: 'authorizer', app_id: SHOP });
    first.signal('SIGTERM');
    expect(await first.exited).toMatchObject({ code: 0 });
    const before = (await sandbox.journal()).length;

    const second = start();
    await second.logged(/adopted a stored token/);
    await second.logged((line) => line.message.includes('adopted') && line['credential'] === 'shop');
    second.signal('SIGTERM');
    await second.exited;
    expect(await newToken('platform')).toBe(platform);
    expect(await newToken('shop')).toBe(shop);
    expect((await sandbox.journal()).length).toBe(before);
    expect([await calls('component'), await calls('authorizer'), await calls('list')]).toEqual([1, 1, 1]);
  });

  it('the jsapi_ticket of an account is the one that the platform has for its token', async () => {
    const { push, authorize, start, newToken, path, folder, sandbox } = await thirdParty(onTestFinished);
    const config = join(folder, 'config.json');
    const document = JSON.parse(await readFile(config, 'utf8'));
    const shop = document.credentials.find(({ name }: { name: string }) => name === 'shop');
    shop.tickets = ['jsapi'];
    shop.publish.push({ type: 'file', path: path('shop-jsapi'), of: 'jsapi' });
    await writeFile(config, JSON.stringify(document));
    await authorize();
    await push();
    start();
    const ticket = await newToken('shop-jsapi');
    const token = await newToken('shop');
    const query = new URLSearchParams({ access_token: token, type: 'jsapi' });
    const answer = await fetch(`${sandbox.url}/cgi-bin/ticket/getticket?${query}`);
    expect(await answer.json()).toMatchObject({ errcode: 0, ticket });
    expect(json(await contentOf(`${path('shop-jsapi')}.json`))).toMatchObject({
      ...{ type: 'jsapi', app_id: SHOP, kind: 'jsapi' },
    });
  });

  it('without a ticket no token is asked for, the platform is asked once to push, and a ticket is used at once', async () => {
    const { push, authorize, start, newToken, calls, ticket } = await thirdParty(onTestFinished);
    await authorize();
    const daemon = start();
    await daemon.logged(/no ticket has been pushed yet/);
    await daemon.logged(/asked the platform to push tickets/);
    await writeFile(ticket, 'half a tick');
    await daemon.logged(/the ticket file .* must hold the ticket alone/);
    expect(await calls('component')).toBe(0);
    await push();
    await newToken('shop');
    await daemon.logged(/the platform pushes tickets/);
    expect([await calls('component'), await calls('start')]).toEqual([1, 1]);
  });

  it('a refused ticket is not sent again, and the next one is used at once', async () => {
    const { push, start, newToken, calls, ticket, sandbox } = await thirdParty(onTestFinished);
    await push();
    await leave(ticket, `ticket@@@${'x'.repeat(86)}`);
    const daemon = start();
    const refused = await daemon.logged((line) => line['errcode'] === 61_006);
    expect(refused['advice']).toContain('授权事件接收URL');
    daemon.signal('SIGTERM');
    await daemon.exited;
    // Another life of the daemon tries it once more, since somebody may have mended it.
    const next = start();
    await eventually(async () => (await calls('component')) === 2);
    await push();
    await newToken('platform');
    expect(await calls('component')).toBe(3);
    const sent = (await sandbox.journal()).filter(({ path }) => path === PATHS.component);
    expect(sent.map(({ errcode }) => errcode)).toEqual([61_006, 61_006, 0]);
    next.signal('SIGTERM');
  });

  it('JSON with create_time tells the age, and an old ticket makes the platform be asked to push', async () => {
    const { push, start, newToken, calls, ticket, run } = await thirdParty(onTestFinished);
    const value = await push();
    const created = Math.floor((Date.now() - HOUR) / 1000);
    await leave(ticket, `${JSON.stringify({ ticket: value, create_time: created })}\n`);
    const daemon = start();
    await newToken('platform');
    const quiet = await daemon.logged(/no ticket has been pushed for long/);
    expect(quiet.message).toMatch(/newest ticket is 1 h( 0 min)?/);
    await eventually(async () => (await calls('start')) === 1);
    const { stdout } = await eventually(async () => {
      const shown = await run(['status', '--json']);
      return shown.stdout().includes('pushed_ticket') && { stdout: shown.stdout() };
    });
    const [status] = JSON.parse(stdout).credentials;
    expect(status.pushed_ticket).toMatchObject({ state: 'quiet', age: expect.any(Number) });
    const said = (await run(['status'])).stdout();
    expect(said).toMatch(/ticket-in +\(pushed\) +1h \d+m +quiet/);
    expect(said.replace(/\s+/g, ' ')).toMatch(
      /pushes no ticket has been pushed for longer than pushes ever pause to do see that the platform reaches the URL/,
    );
  });

  it('a dead token of the component is replaced once, and what an account has of it is refreshed then', async () => {
    const party = await thirdParty(onTestFinished);
    const { push, authorize, start, newToken, calls, sandbox, run } = party;
    await authorize();
    await push();
    start();
    const platform = await newToken('platform');
    const shop = await newToken('shop');
    await sandbox.control('PATCH', `/components/${PLATFORM}`, { killTokens: true });
    expect((await run(['refresh', 'shop', '--force'])).stderr()).not.toContain('Error');
    expect(await newToken('platform', platform)).not.toBe(platform);
    await newToken('shop', shop);
    expect(await calls('component')).toBe(2);
  });

  it('another authorisation changes the refresh token, which is found in the list', async () => {
    const { push, authorize, start, newToken, calls, run } = await thirdParty(onTestFinished);
    await authorize();
    await push();
    start();
    const shop = await newToken('shop');
    await authorize();
    await run(['refresh', 'shop', '--force']);
    await newToken('shop', shop);
    expect([await calls('authorizer'), await calls('list')]).toEqual([3, 2]);
  });

  it.each(['empty', 'absent', 'rotated'])(
    'an answer whose refresh token is %s leaves the account with one that works',
    async (echo) => {
      const { push, authorize, start, newToken, calls, run, sandbox } = await thirdParty(onTestFinished);
      await authorize();
      await push();
      await sandbox.control('PATCH', `/components/${PLATFORM}`, { echo });
      const daemon = start();
      const shop = await newToken('shop');
      daemon.signal('SIGTERM');
      await daemon.exited;
      start();
      await run(['refresh', 'shop', '--force']);
      await newToken('shop', shop);
      expect([await calls('authorizer'), await calls('list')]).toEqual([2, 1]);
    },
  );

  it('an account that cancels keeps what is published, and heals once it has authorised again', async () => {
    const { push, authorize, start, newToken, token, run, sandbox } = await thirdParty(onTestFinished);
    await authorize();
    await push();
    const daemon = start();
    const shop = await newToken('shop');
    await sandbox.control('DELETE', `/components/${PLATFORM}/authorizers/${SHOP}`);
    await run(['refresh', 'shop', '--force']);
    const refused = await daemon.logged((line) => line['errcode'] === 61_003);
    expect(refused['advice']).toContain('authorise the platform again');
    expect(await token('shop')).toBe(shop);
    await authorize();
    await run(['refresh', 'shop', '--force']);
    await newToken('shop', shop);
  });

  it('an account whose code nobody has exchanged is told of, and found once somebody has', async () => {
    const { push, authorize, start, newToken, run, sandbox } = await thirdParty(onTestFinished);
    const code = await authorize(false);
    await push();
    const daemon = start();
    const component_access_token = await newToken('platform');
    const told = await daemon.logged((line) => line['code'] === 'no-refresh-token');
    expect(told['advice']).toContain('10 minutes');
    const url = `${sandbox.url}/cgi-bin/component/api_query_auth?access_token=${component_access_token}`;
    await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ component_appid: PLATFORM, authorization_code: code }),
    });
    await run(['refresh', 'shop']);
    await newToken('shop');
  });

  it('check describes what hangs on what and how old the ticket is, and asks without a fetch', async () => {
    const { push, authorize, start, newToken, run, calls, ticket } = await thirdParty(onTestFinished);
    await authorize();
    const none = await run(['check']);
    expect(none.stdout()).toContain(`${ticket}: no ticket yet`);
    await leave(ticket, 'no ticket');
    const odd = await run(['check']);
    expect(odd.stdout()).toContain(`${ticket}: holds no ticket that can be used`);
    expect(odd.stdout()).toContain('must hold the ticket alone');
    await push(HOUR);
    const daemon = start();
    await newToken('shop');
    daemon.signal('SIGTERM');
    await daemon.exited;
    const { code, stdout } = await run(['check', '--online']);
    expect(stdout()).toMatch(new RegExp(`via +platform \\(${PLATFORM}\\)`));
    expect(stdout()).toMatch(/ticket .*pushed 1 h( 0 min)?( \d+ s)? ago/);
    expect(stdout()).toContain('the stored token works');
    expect(code).not.toBe(78);
    expect([await calls('component'), await calls('authorizer')]).toEqual([1, 1]);
  });

  it('no secret, ticket, refresh token or token is in any line, or in any file but those for them', async () => {
    const { push, authorize, start, newToken, folder, sandbox, run } = await thirdParty(onTestFinished);
    await authorize();
    const ticket = await push();
    const daemon = start();
    const tokens = [await newToken('platform'), await newToken('shop')];
    await sandbox.control('DELETE', `/components/${PLATFORM}/authorizers/${SHOP}`);
    await run(['refresh', 'shop', '--force']);
    await daemon.logged((line) => line['errcode'] === 61_003);
    const said = `${daemon.stderr()}${daemon.stdout()}${(await run(['status', '--json'])).stdout()}`;
    const record = json(
      await contentOf(
        join(folder, 'state', `127.0.0.1_${new URL(sandbox.url).port}.authorizer.${PLATFORM}.${SHOP}.json`),
      ),
    );
    const { refreshToken } = record['grant'] as { refreshToken: string };
    expect(refreshToken.length).toBeGreaterThan(15);
    for (const secret of [PLATFORM_SECRET, ticket, refreshToken, ...tokens])
      expect(said).not.toContain(secret);
  });
});
