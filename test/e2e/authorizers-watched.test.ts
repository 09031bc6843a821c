import { describe, expect, it } from 'vitest';
import type { Program } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { everyAccount, FIRST, SECOND } from './authorizers.ts';
import { PATHS } from './third-parties.ts';

interface Row {
  readonly credential: string;
  readonly kind: string;
  readonly state: string;
  readonly next?: { readonly what: string };
  readonly failure?: { readonly code: string };
}

/** A daemon with everything by which people, probes and programs look at it. */
async function watched(changes: object = {}) {
  const bench = await everyAccount(changes);
  const { write, run, start } = bench;
  await write((document) => ({
    ...document,
    http: { listen: '127.0.0.1:0' },
    tokenServer: { listen: '127.0.0.1:0' },
  }));
  const addressIn = (message: string) => /\d+\.\d+\.\d+\.\d+:\d+/.exec(message)?.[0] ?? '';

  /** Starts it and asks its servers. */
  async function begin() {
    const daemon: Program = start();
    const [health, tokens] = await Promise.all(
      [/^health and metrics on /, /^token server on /].map(async (line) =>
        addressIn((await daemon.logged(line)).message),
      ),
    );
    const get = async (path: string, accept = '*/*', of = health) => {
      const answer = await fetch(`http://${of}${path}`, { headers: { accept } });
      return { status: answer.status, text: await answer.text() };
    };
    return {
      daemon,
      get,
      probes: async () => {
        const paths = ['/livez', '/readyz', '/startupz'] as const;
        return Promise.all(paths.map(async (path) => (await get(path)).status));
      },
      /** What the token server answers: the status, and the token if there is one. */
      served: async (name: string) => {
        const { status, text } = await get(`/${name}`, '*/*', tokens);
        return [status, status === 404 ? undefined : JSON.parse(text).accessToken];
      },
      /** The rows of the page's JSON. */
      rows: async () =>
        (JSON.parse((await get('/', 'application/json')).text) as { credentials: Row[] }).credentials,
      metrics: async () => (await get('/metrics')).text.split('\n'),
    };
  }

  return {
    ...bench,
    begin,
    status: async () => {
      // One after the other: what the first says, the second must say as well.
      const json = await run(['status', '--json']);
      const table = await run(['status']);
      return {
        codes: [table.code, json.code],
        table: table.stdout(),
        rows: (JSON.parse(json.stdout()) as { credentials: Row[] }).credentials,
      };
    },
  };
}

const stateOf = (rows: readonly Row[], credential: string) =>
  rows.find((row) => row.credential === credential && row.kind !== 'accounts')?.state;

describe('what watches a daemon whose accounts come and go', () => {
  it('probes, page, status, metrics and token server follow an account from its first list to its end', async () => {
    const { authorize, revoke, push, relist, newToken, token, begin, status } = await watched({
      removeAfter: '2s',
    });
    await authorize(FIRST);
    await push();
    const { daemon, get, probes, served, rows, metrics } = await begin();
    await newToken(FIRST);
    await eventually(async () => stateOf(await rows(), `all.${FIRST}`) === 'fresh');
    expect(await probes()).toEqual([200, 200, 200]);
    expect(await served(`all.${FIRST}`)).toEqual([200, await token(FIRST)]);
    expect(await served(`all.${SECOND}`)).toEqual([404, undefined]);
    expect(await served('all')).toEqual([404, undefined]);

    await authorize(SECOND);
    await relist();
    await newToken(SECOND);
    await eventually(async () => stateOf(await rows(), `all.${SECOND}`) === 'fresh');
    expect(await served(`all.${SECOND}`)).toEqual([200, await token(SECOND)]);
    expect((await get('/', 'text/html')).text).toContain(`all.${SECOND}`);
    const both = await eventually(async () => {
      const said = await status();
      return said.rows.length === 4 && said.rows.every(({ state }) => state === 'fresh') && said;
    });
    expect(both.codes).toEqual([0, 0]);
    for (const row of [/^platform +token .* 1h 59m +- /m, /^all \(optional\) +accounts .* 23h 59m +- /m])
      expect(both.table).toMatch(row);
    for (const appId of [FIRST, SECOND])
      expect(both.table).toMatch(new RegExp(`^all\\.${appId} \\(optional\\) +token .* 1h 59m +- `, 'm'));
    expect(await metrics()).toContain('wx_token_accounts{credential="all",state="fresh"} 2');

    await revoke(FIRST);
    await relist();
    await daemon.logged((line) => line['missing'] === 1);
    // Its file stays, and nobody is alarmed.
    await eventually(async () => (await served(`all.${FIRST}`))[0] === 503);
    expect(await token(FIRST)).toBeDefined();
    expect(await probes()).toEqual([200, 200, 200]);
    await eventually(async () =>
      (await metrics()).includes('wx_token_accounts_unlisted{credential="all"} 1'),
    );

    await eventually(async () => {
      await relist();
      return stateOf(await rows(), `all.${FIRST}`) === undefined;
    });
    expect(await served(`all.${FIRST}`)).toEqual([404, undefined]);
    expect((await get('/', 'text/html')).text).not.toContain(`all.${FIRST}`);
    expect(await probes()).toEqual([200, 200, 200]);
    const after = await eventually(async () => {
      const said = await status();
      return said.rows.length === 3 && said;
    });
    expect(after.codes).toEqual([0, 0]);
    expect(after.table).not.toContain(FIRST);
    const lines = await metrics();
    expect(lines).toContain('wx_token_accounts{credential="all",state="fresh"} 1');
    // It is not forgotten yet.
    expect(lines).toContain('wx_token_accounts_unlisted{credential="all"} 1');
  });

  it('a list that is empty leaves the daemon ready, and the only token is not that of all', async () => {
    const { push, newToken, begin, status, run, calls } = await watched();
    await push();
    const { probes, served, rows, metrics } = await begin();
    await newToken('platform');
    await eventually(async () => (await rows()).every(({ state }) => state === 'fresh'));
    expect((await rows()).map(({ credential, kind }) => `${credential}/${kind}`)).toEqual([
      'platform/token',
      'all/accounts',
    ]);
    expect(await probes()).toEqual([200, 200, 200]);
    expect(await served('')).toEqual([404, undefined]);
    expect((await served('platform'))[0]).toBe(200);
    expect(await metrics()).toContain('wx_token_accounts{credential="all",state="fresh"} 0');
    const refreshed = await run(['refresh', 'all']);
    expect([refreshed.code, refreshed.stdout()]).toEqual([
      0,
      'all/accounts: the platform lists 0 accounts\n',
    ]);
    expect((await status()).codes).toEqual([0, 0]);
    expect(await calls('list')).toBe(2);
  });

  it('while the ticket is missing nothing is asked and everything says what is waited for', async () => {
    const { authorize, push, newToken, begin, status, run, calls } = await watched();
    await authorize(FIRST);
    const { probes, served, get, rows } = await begin();
    await eventually(async () => (await rows()).length === 2);
    expect(await probes()).toEqual([200, 503, 503]);
    const unready =
      'not ok\nplatform token: not published: waits for a ticket, which the platform pushes\n' +
      'all accounts (optional): not published: waits for the token that it is fetched with\n';
    await eventually(async () => (await get('/readyz')).text === unready, { for: 'what is waited for' });
    expect(await served(`all.${FIRST}`)).toEqual([404, undefined]);
    expect(await served('platform')).toEqual([503, null]);
    expect(stateOf(await rows(), 'platform')).toBe('missing');
    const waiting = await eventually(async () => {
      const said = await status();
      return said.rows.length === 2 && said;
    });
    expect(waiting.codes).toEqual([3, 3]);
    for (const [name, said] of [
      ['all', 'all/accounts: timed out: there is no live token to fetch it with\n'],
      ['platform', 'platform: timed out: the platform has pushed no ticket to fetch it with\n'],
    ] as const) {
      // The daemon answers after three quarters of it: the rest is for a busy machine.
      const refreshed = await run(['refresh', name, '--timeout', '16s']);
      expect([refreshed.code, `${refreshed.stdout()}${refreshed.stderr()}`]).toEqual([75, said]);
    }
    expect([await calls('component'), await calls('list')]).toEqual([0, 0]);
    await push();
    await newToken(FIRST);
    await eventually(async () => stateOf(await rows(), `all.${FIRST}`) === 'fresh');
    expect(await probes()).toEqual([200, 200, 200]);
  });

  it('a list that fails is told by its own row, and those that are served go on', async () => {
    const { authorize, push, newToken, begin, status, run, sandbox } = await watched();
    await authorize(FIRST);
    await push();
    const { probes, served, metrics } = await begin();
    const first = await newToken(FIRST);
    await sandbox.faults([{ kind: 'errcode', errcode: 61_004, path: PATHS.list }]);
    const refreshed = await run(['refresh', 'all', '--timeout', '10s']);
    expect(refreshed.code).not.toBe(0);
    expect(`${refreshed.stdout()}${refreshed.stderr()}`).toMatch(/all\/accounts: .*61004/);
    const told = await eventually(async () => {
      const said = await status();
      return said.table.includes('61004') && said;
    });
    expect(told.codes).toEqual([0, 0]);
    expect(told.table).toMatch(new RegExp(`^all\\.${FIRST} \\(optional\\) +token .* 1h 59m +- `, 'm'));
    expect(await probes()).toEqual([200, 200, 200]);
    expect(await served(`all.${FIRST}`)).toEqual([200, first]);
    expect(
      (await metrics()).some((line) =>
        /^wx_token_consecutive_failures\{credential="all",kind="accounts"\} [1-9]/.test(line),
      ),
    ).toBe(true);
    await sandbox.clearFaults();
    expect((await run(['refresh', 'all'])).code).toBe(0);
  });

  it('HUP reads the list and refreshes every account, those included that nobody has listed yet', async () => {
    const { authorize, push, newToken, begin, calls, relist } = await watched();
    await authorize(FIRST);
    await push();
    const { daemon } = await begin();
    const first = await newToken(FIRST);
    await authorize(SECOND);
    await relist();
    const second = await newToken(SECOND);
    const [lists, fetches] = [await calls('list'), await calls('authorizer')];
    daemon.signal('SIGHUP');
    await Promise.all([newToken(FIRST, first), newToken(SECOND, second)]);
    await eventually(async () => (await calls('list')) === lists + 1);
    expect(await calls('authorizer')).toBe(fetches + 2);
    const third = 'wx3333333333333333';
    await authorize(third);
    daemon.signal('SIGHUP');
    await newToken(third);
  });
});
