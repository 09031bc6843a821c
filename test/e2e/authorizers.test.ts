import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../support/files.ts';
import { eventually } from '../support/wait.ts';
import { everyAccount, FIRST, listsRead, SECOND } from './authorizers.ts';
import { PATHS, PLATFORM } from './third-parties.ts';

const json = (text: string | undefined) => JSON.parse(text ?? '{}') as Record<string, unknown>;

const SERVED = /accounts are served as the platform lists them/;

describe('accounts that are served as the platform lists them', () => {
  it('each get a token of their own, one comes with the next list, and a restart costs no call', async () => {
    const { push, authorize, start, newToken, relist, calls, sandbox, path } = await everyAccount();
    await authorize(FIRST);
    await push();
    const first = start();
    await newToken(FIRST);
    expect(json(await contentOf(`${path(FIRST)}.json`))).toMatchObject({
      ...{ name: `all.${FIRST}`, type: 'authorizer', app_id: FIRST },
    });
    await authorize(SECOND);
    expect(await relist()).toMatchObject({
      code: 0,
      stdout: 'all/accounts: the platform lists 2 accounts\n',
    });
    const second = await newToken(SECOND);
    first.signal('SIGTERM');
    await first.exited;
    const before = (await sandbox.journal()).length;
    const next = start();
    await next.logged((line) => line.message.includes('adopted') && line['credential'] === `all.${SECOND}`);
    next.signal('SIGTERM');
    await next.exited;
    expect(await newToken(SECOND)).toBe(second);
    expect((await sandbox.journal()).length).toBe(before);
    expect([await calls('list'), await calls('authorizer')]).toEqual([2, 2]);
  });

  it('a restart without the platform publishes the accounts that were known, and each its token', async () => {
    const { push, authorize, start, newToken, token, sandbox, path } = await everyAccount();
    await authorize(FIRST);
    await push();
    const first = start();
    const before = await newToken(FIRST);
    first.signal('SIGKILL');
    await first.exited;
    await sandbox.close();
    await writeFile(path(FIRST), 'overwritten by somebody');
    const next = start();
    await next.logged(SERVED);
    await eventually(async () => (await token(FIRST)) === before);
  });

  it('an account that cancels keeps what is published until whole lists have lacked it for long enough', async () => {
    const { push, authorize, revoke, start, newToken, token, relist, goneFor, path } = await everyAccount({
      removeAfter: '2s',
    });
    await authorize(FIRST);
    await authorize(SECOND);
    await push();
    const daemon = start();
    const first = await newToken(FIRST);
    await newToken(SECOND);
    await revoke(FIRST);
    await relist();
    await daemon.logged((line) => SERVED.test(line.message) && line['missing'] === 1);
    expect(await token(FIRST)).toBe(first);
    await eventually(async () => {
      await relist();
      return (await token(FIRST)) === undefined;
    });
    await goneFor(`${FIRST}`);
    const removed = await daemon.logged(/removed what was published for an account/);
    expect(removed).toMatchObject({
      credential: `all.${FIRST}`,
      removed: [path(FIRST), `${path(FIRST)}.json`],
    });
    expect(await readdir(join(path(FIRST), '..', '..'))).not.toContain(FIRST);
    expect(await token(SECOND)).toBeTruthy();
    // It may come back.
    await authorize(FIRST);
    await relist();
    await newToken(FIRST, first);
  });

  it.each([
    ['fails', { kind: 'errcode', errcode: -1 }],
    ['is empty although it counts accounts', { kind: 'body', body: '{"total_count":2,"list":[]}' }],
    [
      'is cut in its middle',
      { kind: 'body', body: `{"total_count":2,"list":[{"authorizer_appid":"${SECOND}"}]}` },
    ],
    ['does not say how many there are', { kind: 'body', body: '{"list":[]}' }],
  ] as const)('a list that %s takes nobody away', async (_, fault) => {
    const { push, authorize, start, newToken, token, run, sandbox } = await everyAccount({
      removeAfter: '1ms',
    });
    await authorize(FIRST);
    await authorize(SECOND);
    await push();
    const daemon = start();
    const [first] = [await newToken(FIRST), await newToken(SECOND)];
    await sandbox.faults([{ ...fault, path: PATHS.list }]);
    await run(['refresh', 'all', '--timeout', '5s']);
    daemon.signal('SIGTERM');
    await daemon.exited;
    expect(daemon.stderr()).not.toContain('removed');
    expect(await token(FIRST)).toBe(first);
    const next = start();
    await next.logged((line) => line.message.includes('adopted') && line['credential'] === `all.${FIRST}`);
    await next.logged((line) => SERVED.test(line.message) && line['accounts'] === 2);
  });

  it('an account without a refresh token is told of and keeps neither once nor the others back', async () => {
    const { push, authorize, run, newToken } = await everyAccount();
    await authorize(FIRST);
    await authorize(SECOND, false);
    await push();
    const { code, stderr } = await run(['once']);
    expect(code).toBe(0);
    await newToken(FIRST);
    const told = stderr()
      .split('\n')
      .find((line) => line.includes('not published') && line.includes(SECOND));
    expect(json(told)).toMatchObject({ level: 'warn', credential: `all.${SECOND}` });
  });

  it('an account with an entry of its own is served by that, once', async () => {
    const { push, authorize, start, newToken, token, calls, write, path } = await everyAccount();
    await write(({ credentials, ...rest }) => ({
      ...rest,
      credentials: [
        ...credentials,
        {
          ...{ name: 'shop', type: 'authorizer', via: 'platform', appId: FIRST },
          publish: [{ type: 'file', path: path('shop') }],
        },
      ],
    }));
    await authorize(FIRST);
    await authorize(SECOND);
    await push();
    const daemon = start();
    await Promise.all([newToken('shop'), newToken(SECOND)]);
    const told = await daemon.logged(/have an entry of their own/);
    expect(told).toMatchObject({ level: 'info', credential: 'all', accounts: [FIRST] });
    expect(await token(FIRST)).toBeUndefined();
    expect(await calls('authorizer')).toBe(2);
  });

  it('an account that gets an entry of its own leaves what its list published, and log and check say which files', async () => {
    const { push, authorize, start, newToken, write, path, run } = await everyAccount();
    await authorize(FIRST);
    await authorize(SECOND);
    await push();
    const daemon = start();
    await Promise.all([newToken(FIRST), newToken(SECOND)]);
    await write(({ credentials, ...rest }) => ({
      ...rest,
      credentials: [
        ...credentials,
        {
          ...{ name: 'shop', type: 'authorizer', via: 'platform', appId: FIRST },
          publish: [{ type: 'file', path: path('shop') }],
        },
      ],
    }));
    const left = [path(FIRST), `${path(FIRST)}.json`];
    const told = await daemon.logged(/what this entry published for them stays/);
    expect(told).toMatchObject({ level: 'warn', credential: 'all', left });
    expect(told['advice']).toContain('remove what is left');
    await newToken('shop');
    daemon.signal('SIGTERM');
    await daemon.exited;

    // A start tells of it as well, and check; once the files are gone nobody does.
    const next = start();
    expect(await next.logged(/what this entry published for them stays/)).toMatchObject({ left });
    next.signal('SIGTERM');
    await next.exited;
    const said = async () => (await run(['check', '--online'])).stdout().replace(/\s+/g, ' ');
    expect(await said()).toContain(`is no longer refreshed: ${left.join(', ')}; let their readers`);
    for (const file of left) await rm(file);
    expect(await said()).not.toContain('is no longer refreshed');
  });

  it('an account is not served where something else is published in its place', async () => {
    const { push, authorize, start, newToken, write, path } = await everyAccount();
    await write(({ credentials: [platform = {}, ...others], ...rest }) => ({
      ...rest,
      credentials: [
        { ...platform, publish: [...(platform['publish'] as []), { type: 'file', path: path(FIRST) }] },
        ...others,
      ],
    }));
    await authorize(FIRST);
    await authorize(SECOND);
    await push();
    const daemon = start();
    await newToken(SECOND);
    const told = await daemon.logged(/something else is published where they would be/);
    expect(told).toMatchObject({ level: 'warn', accounts: [FIRST], advice: expect.any(String) });
    expect(await newToken(FIRST)).toBe(await newToken('platform'));
  });

  it('two daemons of one state folder read the list once, and both serve what it tells', async () => {
    const { push, authorize, start, startWith, newToken, token, relist, calls, write, folder, path } =
      await everyAccount();
    await authorize(FIRST);
    await push();
    const other = join(folder, 'other.json');
    const elsewhere = (name: string) => path(join('other', name));
    await write(
      ({ credentials: [platform = {}, entry = {}], ...rest }) => ({
        ...rest,
        credentials: [
          { ...platform, publish: [{ type: 'file', path: elsewhere('platform') }] },
          { ...entry, publish: [{ type: 'file', path: elsewhere('{appId}') }] },
        ],
      }),
      other,
    );
    const first = start();
    await newToken(FIRST);
    const second = startWith(other);
    await eventually(async () => (await token(`other/${FIRST}`)) === (await token(FIRST)));
    await authorize(SECOND);
    await relist();
    const both = await newToken(SECOND);
    await eventually(async () => (await token(`other/${SECOND}`)) === both);
    await second.logged((line) => SERVED.test(line.message) && line['accounts'] === 2);
    expect(await calls('authorizer')).toBe(2);
    expect(await calls('list')).toBe(listsRead([first, second], SECOND));
  });

  it('a reload begins with the entry, changes where it publishes, and ends with it', async () => {
    const { push, authorize, start, newToken, token, calls, write, path } = await everyAccount();
    const entries: object[] = [];
    await write(({ credentials: [platform = {}, ...rest], ...document }) => {
      entries.push(...rest);
      return { ...document, credentials: [platform] };
    });
    await authorize(FIRST);
    await push();
    const daemon = start();
    await newToken('platform');
    await write(({ credentials, ...rest }) => ({
      ...rest,
      credentials: [...credentials, ...(entries as Record<string, unknown>[])],
    }));
    const first = await newToken(FIRST);
    await write(({ credentials: [platform = {}, entry = {}], ...rest }) => ({
      ...rest,
      credentials: [platform, { ...entry, publish: [{ type: 'file', path: path('new/{appId}') }] }],
    }));
    expect(await newToken(`new/${FIRST}`)).toBe(first);
    await write(({ credentials: [platform = {}], ...rest }) => ({ ...rest, credentials: [platform] }));
    await daemon.logged((line) => line.message === 'configuration reloaded' && line['credentials'] === 1);
    await authorize(SECOND);
    expect([await token(`new/${FIRST}`), await token(FIRST)]).toEqual([first, first]);
    expect([await calls('list'), await calls('authorizer')]).toEqual([1, 1]);
  });

  it('status tells of the list and of each account, and refresh asks for one of them', async () => {
    const { push, authorize, start, newToken, run, calls } = await everyAccount();
    await authorize(FIRST);
    await authorize(SECOND, false);
    await push();
    start();
    const first = await newToken(FIRST);
    const shown = await eventually(async () => {
      const { stdout, code } = await run(['status', '--json']);
      const rows = JSON.parse(stdout()).credentials as Record<string, string>[];
      const states = Object.fromEntries(
        rows.map((row) => [`${row['credential']}/${row['kind']}`, row['state']]),
      );
      return states[`all.${SECOND}/token`] === 'missing' && { states, code };
    });
    expect(shown).toEqual({
      code: 0,
      states: {
        'platform/token': 'fresh',
        'all/accounts': 'fresh',
        [`all.${FIRST}/token`]: 'fresh',
        [`all.${SECOND}/token`]: 'missing',
      },
    });
    expect((await run(['refresh', `all.${FIRST}`, '--force'])).code).toBe(0);
    await newToken(FIRST, first);
    expect(await calls('list')).toBeLessThanOrEqual(2);
    const unknown = await run(['refresh', 'all.wx3333333333333333']);
    expect([unknown.code, unknown.stderr()]).toEqual([
      78,
      expect.stringContaining('there are: platform, all'),
    ]);
  });

  it('check tells what each account would be, and how many there are', async () => {
    const { push, authorize, start, newToken, run, path } = await everyAccount();
    await authorize(FIRST);
    await push();
    const none = await run(['check']);
    expect(none.stdout()).toContain('none yet that a daemon told of');
    start();
    await newToken(FIRST);
    await eventually(async () => (await run(['check'])).stdout().includes('1 served, as a daemon told last'));
    const { stdout, code } = await run(['check']);
    expect(code).toBe(0);
    expect(stdout()).toContain(`all: authorizers of ${PLATFORM}`);
    expect(stdout()).toContain(path('{appId}'));
    expect(stdout()).toContain('served on for 168 h');
  });
});
