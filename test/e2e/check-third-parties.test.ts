import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { accountOf } from '../../src/app/app-secret.ts';
import { isFetched } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { stateFolder } from '../../src/coordination/folder/state-folder.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { KEY, TOKEN } from '../push/receiving.ts';
import { eventually } from '../support/wait.ts';
import { leave, PATHS, type ThirdParty, thirdParty } from './third-parties.ts';

const MINUTE = 60_000;

/** What it says, in one line: a terminal breaks lines where it likes. */
const flat = (text: string) => text.replace(/\s+/g, ' ');

type Settings = Record<string, unknown> & { readonly credentials: readonly Record<string, unknown>[] };

/** A third party whose pushes the daemon receives itself. */
async function receiving(push: object = {}) {
  const bench = await thirdParty(onTestFinished);
  const { folder } = bench;
  const file = async (name: string, content: string, mode = 0o600) => {
    await writeFile(join(folder, name), content, { mode });
    return join(folder, name);
  };
  const keys = {
    tokenFile: await file('push.token', `${TOKEN}\n`),
    encodingAesKeyFile: await file('push.key', `${KEY}\n`, 0o644),
  };
  const config = join(folder, 'config.json');
  const settings = JSON.parse(await readFile(config, 'utf8')) as Settings;
  const [platform, ...others] = settings.credentials;
  const ticket = { push: { path: '/wx/platform', ...keys, ...push } };
  const changed = {
    ...{ ...settings, push: { listen: '127.0.0.1:0' } },
    credentials: [{ ...platform, ticket }, ...others],
  };
  await writeFile(config, JSON.stringify(changed));
  return { ...bench, config, keys };
}

/** Keeps a ticket as a daemon does that has received it. @param age ms */
async function keep(config: string, age: number): Promise<void> {
  const { credentials, stateDir } = await loadConfig({}, { file: config, publishes: false });
  const [platform] = credentials;
  if (!platform || !isFetched(platform)) throw new Error('no platform is configured');
  const { account } = await accountOf(platform);
  const at = Date.now() - age;
  await stateFolder(stateDir, { mode: 0o700 }, systemClock, () => {})
    .openTickets(account)
    .put({ value: new Secret(`ticket@@@${'k'.repeat(86)}`), createdAt: at, receivedAt: at });
}

describe('check of a third party with a ticket file', () => {
  it('a folder that is not there is a warning: no app can leave a ticket in it', async () => {
    const { run, ticket } = await thirdParty(onTestFinished);
    const there = await run(['check']);
    expect(there.stdout()).not.toContain('is not there, or no folder');
    await rm(dirname(ticket), { recursive: true });
    const { stdout, code } = await run(['check']);
    expect(flat(stdout())).toContain(
      `WARNING ${dirname(ticket)} is not there, or no folder: nobody can leave a ticket`,
    );
    expect(code).toBe(0);
  });

  it('a ticket that a job writes again and again is as old as the one that the daemon keeps', async () => {
    const { run, ticket, folder } = await thirdParty(onTestFinished);
    await keep(join(folder, 'config.json'), 3 * 60 * MINUTE);
    await leave(ticket, `ticket@@@${'k'.repeat(86)}`);
    const { stdout } = await run(['check']);
    expect(flat(stdout())).toMatch(/ticket \S+: pushed 3 h( \d+ min)?( \d+ s)? ago/);
    expect(flat(stdout())).toMatch(/WARNING the ticket in \S+ is 3 h/);
  });
});

describe('check of a third party that the daemon receives pushes for', () => {
  it('it tells where pushes arrive, what their keys are read from, and that none has come', async () => {
    const { run, keys } = await receiving();
    const { stdout, code } = await run(['check']);
    const said = flat(stdout());
    expect(said).toContain(
      'pushes POST /wx/platform at 127.0.0.1:0; the URL of the platform (授权事件接收URL',
    );
    expect(said).toMatch(new RegExp(`Token ${keys.tokenFile}: readable, mode 0600`));
    expect(said).toMatch(new RegExp(`AES key ${keys.encodingAesKeyFile}: readable, mode 0644`));
    expect(said).toContain(
      `WARNING everyone who gets at the secret file ${keys.encodingAesKeyFile} may read it`,
    );
    expect(said).toContain('ticket no component_verify_ticket has been received yet');
    expect(said).not.toContain('forward');
    expect(`${said}${code}`).not.toContain(KEY);
    expect(code).toBe(0);
  });

  it('it tells how old the newest ticket is, and warns of pushes that do not arrive', async () => {
    const { run, config } = await receiving({ forward: 'http://127.0.0.1:8080/wx/events' });
    await keep(config, 5 * MINUTE);
    const young = flat((await run(['check'])).stdout());
    expect(young).toMatch(/ticket pushed 5 min( \d+ s)? ago/);
    expect(young).toContain('forward http://127.0.0.1:8080/wx/events gets everything but tickets');
    expect(young).not.toContain('WARNING the newest ticket');
    const old = await receiving();
    await keep(old.config, 40 * MINUTE);
    expect(flat((await old.run(['check'])).stdout())).toMatch(
      /WARNING the newest ticket that was received is 40 min( \d+ s)? old/,
    );
  });
});

describe('check --online of a third party without a token', () => {
  const online = ({ run }: ThirdParty) => run(['check', '--online']);

  it('a new one is asked to push, which tries AppID, AppSecret and address', async () => {
    const bench = await thirdParty(onTestFinished);
    const { stdout, code } = await online(bench);
    expect(flat(stdout())).toContain(
      'answer AppID, AppSecret and the IP whitelist of the third party are right',
    );
    expect(code).toBe(0);
    expect([await bench.calls('start'), await bench.calls('component')]).toEqual([1, 0]);
  });

  it.each([
    ['a wrong AppSecret', 40001],
    ['an AppID of another kind', 61011],
    ['an address that is not allowed', 61004],
  ])('%s is told, and ends with 77', async (_, errcode) => {
    const bench = await thirdParty(onTestFinished);
    await bench.sandbox.faults([{ kind: 'errcode', errcode, path: PATHS.start }]);
    const { stdout, code } = await online(bench);
    expect(flat(stdout())).toContain(`answer ${errcode} `);
    expect(code).toBe(77);
  });

  it('one that is pushed tickets is not asked, and what was not tried is said', async () => {
    const bench = await thirdParty(onTestFinished);
    await bench.push();
    const { stdout } = await online(bench);
    expect(flat(stdout())).toContain('AppSecret and IP whitelist were not tried: a fetch kills the one');
    expect(await bench.calls('start')).toBe(0);
  });

  it('one that a daemon has asked to push within ten minutes is not asked again', async () => {
    const bench = await thirdParty(onTestFinished);
    const daemon = bench.start();
    await eventually(async () => (await bench.calls('start')) === 1, { for: 'the daemon to ask' });
    await daemon.logged(/push/);
    daemon.signal('SIGTERM');
    await daemon.exited;
    const { stdout } = await online(bench);
    expect(flat(stdout())).toContain(
      'the daemon asked the platform to push a ticket within the last 10 minutes',
    );
    expect(await bench.calls('start')).toBe(1);
  });

  it('of an account nothing is said of an AppSecret, which it has not', async () => {
    const { stdout } = await online(await thirdParty(onTestFinished));
    const [, account = ''] = stdout().split(/^shop: /m);
    const [own = ''] = account.split(/\n\S/);
    expect(flat(own)).toContain('whether it gives this account a token was not tried');
    expect(own).not.toContain('AppSecret');
    expect(stdout()).toMatch(/; WeChat: 1 good, 1 reached, and asked for no token$/m);
  });
});
