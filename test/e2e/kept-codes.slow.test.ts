import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ageAll } from '../crash/age.ts';
import { eventually } from '../support/wait.ts';
import { everyAccount, FIRST, SECOND } from './authorizers.ts';
import { pushed, QUERY } from './pushed-codes.ts';
import { PATHS, PLATFORM, SHOP } from './third-parties.ts';

describe('the code of an account that authorises', () => {
  it('after a busy answer of the platform it is tried again, and brings the token', async () => {
    const { listen, newToken, authorize, queries, calls, sandbox } = await pushed();
    await listen();
    await newToken('platform');
    await sandbox.faults([{ kind: 'errcode', errcode: -1, path: QUERY, times: 2 }]);
    await authorize(false);
    await newToken(SHOP);
    expect([await queries(), await calls('authorizer')]).toEqual([3, 0]);
  });

  it('where the token of the platform is refused another one is fetched, and the code is sent again', async () => {
    const { listen, newToken, authorize, queries, calls, sandbox } = await pushed();
    const daemon = await listen();
    await newToken('platform');
    // Its look at the list, for which it has the token, is over: what is refused is the code.
    await daemon.logged((line) => line['code'] === 'not-authorised');
    await sandbox.control('PATCH', `/components/${PLATFORM}`, { killTokens: true });
    await authorize(false);
    await newToken(SHOP);
    expect([await queries(), await calls('component'), await calls('authorizer')]).toEqual([2, 2, 0]);
  });

  it('one that comes before the first token of the platform waits for that', async () => {
    const { listen, newToken, authorize, queries, calls, isKept, sandbox } = await pushed();
    await sandbox.faults([{ kind: 'status', status: 502, path: PATHS.component }]);
    await listen();
    await authorize(false);
    await eventually(isKept);
    await sandbox.clearFaults();
    await newToken(SHOP);
    expect([await queries(), await calls('authorizer')]).toEqual([1, 0]);
  });

  it.each([
    ['SIGKILL', 'by name', 'hang'],
    ['SIGTERM', 'by name', 'hang'],
    ['SIGKILL', 'by name', 'lost-answer'],
    ['SIGKILL', 'as it is listed', 'hang'],
    ['SIGTERM', 'as it is listed', 'lost-answer'],
  ] as const)(
    'after %s the next daemon takes up that of an account that is served %s (%s)',
    async (signal, how, kind) => {
      const { listen, newToken, authorize, queries, works, sandbox } = await pushed({
        all: how !== 'by name',
      });
      const killed = await listen();
      await newToken('platform');
      await sandbox.faults([{ kind, path: QUERY, times: 1 }]);
      await authorize(false);
      await eventually(async () => (await queries()) > 0);
      killed.signal(signal);
      await killed.exited;
      await sandbox.clearFaults();
      await listen();
      await newToken(SHOP);
      await eventually(works);
      // Where the platform had acted, the list may have brought the token before.
      expect(await queries()).toBeLessThanOrEqual(2);
    },
  );

  it('one that works no more is sent once, and its loss is told with what helps', async () => {
    const { listen, newToken, authorize, queries, sandbox } = await pushed();
    const daemon = await listen();
    await newToken('platform');
    await sandbox.faults([{ kind: 'errcode', errcode: 61_010, path: QUERY }]);
    await authorize(false);
    const line = await daemon.logged((told) => told.message.startsWith('an authorisation code was lost'));
    expect(line).toMatchObject({ level: 'error', credential: 'shop' });
    expect(String(line['advice'])).toContain('更新授权');
    expect(await queries()).toBe(1);
  });

  it('that an app exchanges seconds after it took the push: the token follows within moments', async () => {
    const bodies: string[] = [];
    const app = createServer((request, response) => {
      request.resume().once('end', () => response.end('success'));
      bodies.push(String(request.url));
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void app.close());
    const { port } = app.address() as AddressInfo;
    const { listen, newToken, authorize, token, queries, sandbox } = await pushed({
      push: { forward: `http://127.0.0.1:${port}/` },
    });
    const daemon = await listen();
    const platform = await newToken('platform');
    const code = await authorize(false);
    // The daemon has looked, and found that nobody has exchanged it.
    await daemon.logged((line) => line['code'] === 'no-refresh-token');
    expect(await token(SHOP)).toBeUndefined();
    await fetch(`${sandbox.url}${QUERY}?component_access_token=${platform}`, {
      method: 'POST',
      body: JSON.stringify({ component_appid: PLATFORM, authorization_code: code }),
    });
    await newToken(SHOP);
    expect([await queries(), bodies.length > 0]).toEqual([1, true]);
  });
});

describe('what no push told of', () => {
  it('a list that was read long ago is read at the start, and who has authorised again is fetched', async () => {
    const { authorize, push, start, newToken, token, folder, path, calls } = await everyAccount();
    await authorize(FIRST);
    await push();
    const stopped = start();
    const before = await newToken(FIRST);
    stopped.signal('SIGTERM');
    await stopped.exited;
    const lists = await calls('list');
    await authorize(FIRST);
    await authorize(SECOND);
    await ageAll(join(folder, 'state'), [path(FIRST), path('platform')], 11 * 60_000);
    const daemon = start();
    await newToken(FIRST, before);
    await newToken(SECOND);
    await daemon.logged((line) => line['reason'] === 'authorised' && line['credential'] === `all.${FIRST}`);
    expect(await calls('list')).toBeGreaterThan(lists);
    expect(await token(FIRST)).not.toBe(before);
  });

  it('refresh of the entry heals an account that has authorised again', async () => {
    const { authorize, push, start, newToken, relist, sandbox } = await everyAccount();
    await authorize(FIRST);
    await push();
    start();
    const before = await newToken(FIRST);
    await authorize(FIRST);
    expect((await relist()).code).toBe(0);
    const next = await newToken(FIRST, before);
    const response = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${next}`);
    expect(await response.json()).toHaveProperty('ip_list');
  });
});
