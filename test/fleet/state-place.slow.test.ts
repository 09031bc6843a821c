import {
  lchown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TYPES, type Type, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { type AtEnd, type Environment, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';

const IDS = { shop: 'wx0000000000000000', club: 'wx0000000000000001' } as const;
type Name = keyof typeof IDS;

/** Two accounts, each published into a folder of its own. */
async function twoAccounts(atEnd: AtEnd, type: Type, options = {}) {
  const secret = '0123456789abcdef'.repeat(2);
  const accounts = Object.values(IDS).map((appId) => ({ appId, secret }));
  const bench = await workbench(atEnd, { accounts, ...options });
  const { folder, sandbox, env } = bench;
  const config = join(folder, 'config.json');
  const fileOf = (name: Name) => join(folder, name, 'token');
  const configure = async (...names: readonly Name[]) => {
    const credentials = names.map((name) => ({
      ...{ name, type, appId: IDS[name], secretFile: env()['WXTOKEN_SECRET_FILE'] },
      publish: [{ type: 'file', path: fileOf(name) }],
    }));
    const schedule = '* * * * * *';
    await writeFile(
      `${config}.new`,
      JSON.stringify({ schedule, platform: { baseUrl: sandbox.url }, credentials }),
    );
    await rename(`${config}.new`, config);
  };
  const start = (command: string, changes: Environment = {}, args: readonly string[] = []) =>
    startProgram([command, '--config', config, ...args], { env: changes }, atEnd);
  const once = async (changes?: Environment) => {
    const program = start('once', changes);
    const { code } = await program.exited;
    return { ...program, code };
  };
  const tokens = () => Promise.all((Object.keys(IDS) as Name[]).map((name) => contentOf(fileOf(name))));
  const stateOf = (name: Name) => join(dirname(fileOf(name)), '.wx-token-sidecar');
  return { ...bench, configure, start, once, tokens, fileOf, stateOf };
}

describe.each(TYPES)('the default state folder (%s)', (type) => {
  it('a swapped order of accounts, and a new one that comes first, move nothing and cost no call', async (context) => {
    const { configure, once, tokens, fetches, stateOf } = await twoAccounts(context.onTestFinished, type);
    await configure('shop');
    expect((await once()).code).toBe(0);
    // It comes first in the file and in the alphabet.
    await configure('club', 'shop');
    expect((await once()).code).toBe(0);
    expect(await fetches()).toHaveLength(2);
    const before = await tokens();
    await configure('shop', 'club');
    expect((await once()).code).toBe(0);
    expect(await fetches()).toHaveLength(2);
    expect(await tokens()).toEqual(before);
    expect(
      (await readdir(stateOf('shop'))).filter((name) => /^[^.].*\.wx0.*\.json$/.test(name)),
    ).toHaveLength(2);
    expect(await readlink(stateOf('club'))).toBe(stateOf('shop'));
  });

  it('an account that goes leaves the state of the others where it is found', async (context) => {
    const { configure, once, fetches, start, stateOf } = await twoAccounts(context.onTestFinished, type);
    await configure('shop', 'club');
    expect((await once()).code).toBe(0);
    // The state lies beside the files of one of them; whichever goes, the other is known.
    for (const name of ['shop', 'club'] as const) {
      await configure(name);
      const { code, log } = await once();
      expect(code).toBe(0);
      expect(log().map(({ message }) => message)).toContainEqual(
        expect.stringMatching(/^adopted a stored token/),
      );
    }
    expect(await fetches()).toHaveLength(2);
    const status = start('status', {}, ['--json']);
    await status.exited;
    expect(await readlink(stateOf('shop')).catch(() => readlink(stateOf('club')))).toMatch(
      /\.wx-token-sidecar$/,
    );
  });

  it('`refresh` finds the running daemon after the order of accounts has changed', async (context) => {
    const { configure, start, tokens } = await twoAccounts(context.onTestFinished, type);
    await configure('shop', 'club');
    const daemon = start('run');
    await eventually(async () => (await tokens()).every((token) => token !== undefined), {
      for: 'two tokens',
    });
    await configure('club', 'shop');
    await daemon.logged(({ message }) => message === 'configuration reloaded');
    const refresh = start('refresh', {}, ['shop', '--timeout', '60s']);
    expect((await refresh.exited).code).toBe(0);
  });

  it('a state folder that is chosen later takes the records along, with the ledger', async (context) => {
    const { configure, once, fetches, folder, stateOf, fileOf } = await twoAccounts(
      context.onTestFinished,
      type,
    );
    await configure('shop', 'club');
    expect((await once()).code).toBe(0);
    const chosen = join(folder, 'chosen');
    // Without what is published, the record alone can tell.
    await Promise.all([fileOf('shop'), `${fileOf('shop')}.json`].map((path) => rm(path)));
    const next = await once({ WXTOKEN_STATE_DIR: chosen });
    expect(next.code).toBe(0);
    expect(next.log()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(/^took along the record of .* if another daemon/),
      }),
    );
    expect(await fetches()).toHaveLength(2);
    const [record = ''] = (await readdir(chosen)).filter(
      (name) => name.includes(IDS.shop) && name.endsWith('.json'),
    );
    const { ledger } = JSON.parse(await readFile(join(chosen, record), 'utf8'));
    expect(Object.values(ledger.fetches)).toEqual([1]);
    expect(await readdir(stateOf('club')).catch(() => readdir(stateOf('shop')))).not.toEqual([]);
  });

  it('a running daemon leaves a newer token of another state folder in place, and says so', async (context) => {
    const { configure, start, once, fetches, fileOf, folder, tokens } = await twoAccounts(
      context.onTestFinished,
      type,
    );
    await configure('shop');
    const daemon = start('run');
    await eventually(async () => (await tokens())[0] !== undefined, { for: 'a token' });
    const [first] = await tokens();
    const other = { WXTOKEN_STATE_DIR: join(folder, 'other') };
    const rival = start('run', other);
    await rival.logged(/^(adopted a stored|the record lagged behind)/);
    rival.signal('SIGHUP');
    await rival.logged(/^fetched a new token/);
    const next = await eventually(
      async () => {
        const [token] = await tokens();
        return token !== first && token;
      },
      { for: 'the token of the other daemon' },
    );
    await daemon.logged(/^(found a newer token in file:.* and took it over|another daemon publishes into)/);
    expect(await contentOf(fileOf('shop'))).toBe(next);
    expect(await fetches()).toHaveLength(2);
    expect((await once()).code).toBe(0);
    expect(await contentOf(fileOf('shop'))).toBe(next);
  });

  it('a link to a state folder that is gone gives way to a new one, with a warning', async (context) => {
    const { configure, once, stateOf, fileOf, start } = await twoAccounts(context.onTestFinished, type);
    await configure('shop', 'club');
    expect((await once()).code).toBe(0);
    // The account whose folder holds the state goes, and its folder with it.
    const isShopHost = (await lstat(stateOf('shop'))).isDirectory();
    const [host, guest] = isShopHost ? (['shop', 'club'] as const) : (['club', 'shop'] as const);
    await rm(dirname(fileOf(host)), { recursive: true });
    await configure(guest);
    const next = await once();
    expect(next.code).toBe(0);
    expect(next.log()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('a new state folder takes'),
      }),
    );
    expect((await lstat(stateOf(guest))).isDirectory()).toBe(true);
    const check = start('check');
    expect((await check.exited).code).toBe(0);
  });

  it.runIf(process.getuid?.() === 0)('a link of another user is not followed', async (context) => {
    const { configure, once, stateOf, fileOf, folder } = await twoAccounts(context.onTestFinished, type);
    const foreign = join(folder, 'foreign');
    await Promise.all([foreign, dirname(fileOf('shop'))].map((path) => mkdir(path)));
    await symlink(foreign, stateOf('shop'));
    await lchown(stateOf('shop'), 65_534, 65_534);
    await configure('shop');
    expect((await once()).code).toBe(0);
    expect(await readdir(foreign)).toEqual([]);
    expect((await lstat(stateOf('shop'))).isDirectory()).toBe(true);
  });

  it('a running daemon keeps its folder when all files move, and is found from there, also after a restart', async (context) => {
    const { configure, start, once, fetches, fileOf, folder } = await twoAccounts(
      context.onTestFinished,
      type,
    );
    await configure('shop');
    const daemon = start('run');
    await eventually(async () => (await contentOf(fileOf('shop'))) !== undefined, { for: 'a token' });
    const config = join(folder, 'config.json');
    const moved = join(folder, 'moved', 'token');
    const text = (await readFile(config, 'utf8')).replaceAll(fileOf('shop'), moved);
    await writeFile(`${config}.new`, text);
    await rename(`${config}.new`, config);
    await eventually(async () => (await contentOf(moved)) !== undefined, {
      for: 'the file at its new place',
    });
    await eventually(async () => /pid \d/.test(await told('status')), { for: 'status' });
    expect(daemon.log().map(({ message }) => message)).not.toContainEqual(
      expect.stringContaining('restart required'),
    );
    daemon.signal('SIGTERM');
    await daemon.exited;
    await Promise.all([moved, `${moved}.json`].map((path) => rm(path)));
    expect((await once()).code).toBe(0);
    expect(await fetches()).toHaveLength(1);

    async function told(command: string): Promise<string> {
      const program = start(command);
      await program.exited;
      return program.stdout();
    }
  });

  it('a folder that is reached by a link is the same after a reload', async (context) => {
    const { configure, start, fileOf } = await twoAccounts(context.onTestFinished, type);
    await mkdir(`${dirname(fileOf('shop'))}.real`);
    await symlink(`${dirname(fileOf('shop'))}.real`, dirname(fileOf('shop')));
    await configure('shop', 'club');
    const daemon = start('run');
    await eventually(async () => (await contentOf(fileOf('shop'))) !== undefined, { for: 'a token' });
    await configure('shop');
    await daemon.logged(
      ({ message, credentials }) => message === 'configuration reloaded' && credentials === 1,
    );
    expect(daemon.log().map(({ message }) => message)).not.toContainEqual(
      expect.stringContaining('restart required'),
    );
    // That the daemon has made its folder and the links to it is no change of the configuration.
    expect(daemon.log().filter(({ message }) => message === 'configuration reloaded')).toHaveLength(1);
  });
});
