import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leave } from '../e2e/third-parties.ts';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { withSandbox } from '../support/sandbox.ts';
import { needsTool } from '../support/tools.ts';
import { temporaryFolder } from '../system/folder.ts';
import { ageAll } from './age.ts';
import { killedAt } from './killed-at.ts';

const PLATFORM = 'wx0000000000000001';
const SHOP = 'wx1111111111111111';
const PROVIDER = 'ww0000000000000000';
const SUITE = 'ww0000000000000001';
const CORP = 'wpAbCdEfGh0000000000';

/** Inside the last minutes of a component and an account; what WeCom repeats to its end has ended; ms. */
const AGE = { component: 7_050_000, suite: 7_250_000 } as const;

const PARTIES = ['component', 'suite'] as const;

/** A third party, one account of it, and the folder of a daemon that keeps both. */
async function third(party: (typeof PARTIES)[number]) {
  const sandbox = await withSandbox({ rotationWindow: 7_199.999 });
  const folder = await temporaryFolder();
  const inFolder = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFile(inFolder(name), text, { mode: 0o600 });
  const path = (name: string) => join(folder, 'wx', name, 'token');
  const publish = (name: string) => [{ type: 'file', path: path(name) }];
  const secretFile = inFolder('party.secret');
  const ticket = inFolder('ticket');
  await write('party.secret', 's'.repeat(32));
  const own = { name: 'party', secretFile, ticket: { file: ticket }, publish: publish('party') };
  const credentials: object[] = [];
  if (party === 'component') {
    await sandbox.control('POST', '/components', { appId: PLATFORM, secret: 's'.repeat(32) });
    await sandbox.control('POST', `/components/${PLATFORM}/authorizers`, { appId: SHOP, exchanged: true });
    const account = { name: 'account', type: 'authorizer', via: 'party', appId: SHOP };
    credentials.push({ ...own, type: 'component', appId: PLATFORM });
    credentials.push({ ...account, publish: publish('account') });
  } else {
    await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: 'p'.repeat(32) });
    const suite = { suiteId: SUITE, secret: 's'.repeat(32), provider: PROVIDER };
    await sandbox.control('POST', '/suites', suite);
    const { permanentCode } = await sandbox.control('POST', `/suites/${SUITE}/corps`, { corpId: CORP });
    await write('corp.code', String(permanentCode));
    const account = { name: 'account', type: 'wecom-corp', via: 'party', corpId: CORP };
    credentials.push({ ...own, type: 'wecom-suite', suiteId: SUITE });
    credentials.push({ ...account, secretFile: inFolder('corp.code'), publish: publish('account') });
  }
  const resource = party === 'component' ? `/components/${PLATFORM}` : `/suites/${SUITE}`;
  const pushed = await sandbox.control<{ ticket: string }>('POST', `${resource}/tickets`);
  const config = inFolder('config.json');
  const stateDir = inFolder('state');
  await write('config.json', JSON.stringify({ stateDir, platform: { baseUrl: sandbox.url }, credentials }));
  const args = ['once', '--timeout', '30s', '--config', config];
  const files = ['party', 'account'].map(path);

  /** @returns how the next start ends, and what it says unless all is well */
  async function heal(): Promise<string> {
    const next = startProgram(args, {}, onTestFinished);
    const { code } = await next.exited;
    return code === 0 ? 'well' : `${code}: ${next.stderr()}`;
  }

  return {
    /** Nothing has been fetched yet, or all that is published is about to end. */
    async prepare(before: 'nothing' | 'old') {
      for (const name of ['state', 'wx']) await rm(inFolder(name), { recursive: true, force: true });
      await leave(ticket, pushed.ticket, 5_000);
      if (before === 'nothing') return;
      expect(await heal()).toBe('well');
      await ageAll(stateDir, files, AGE[party]);
    },
    /** Kills it at the rename with that number, before it is made. @returns whether there is such a one */
    killedAt: (number: number) =>
      killedAt({ call: 'rename', number }, args, inFolder('trace'), onTestFinished),
    heal,
    lastCall: async () => (await sandbox.journal()).at(-1)?.seq ?? 0,
    callsSince: async (last: number) => (await sandbox.journal(last)).map((call) => call.path),
    async tokens() {
      return await Promise.all(files.map((file) => contentOf(file)));
    },
    /** What is written down of all accounts. */
    async records(): Promise<readonly Record<string, unknown>[]> {
      const names = (await readdir(stateDir)).filter((name) => name.endsWith('.json'));
      return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(stateDir, name), 'utf8'))));
    },
    async works(token: string | undefined): Promise<boolean> {
      const response = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${token}`);
      return 'ip_list' in ((await response.json()) as object);
    },
  };
}

describe('kills between the writes of a third party and its account', () => {
  it.for(PARTIES.flatMap((party) => (['nothing', 'old'] as const).map((before) => ({ party, before }))))(
    'a kill before any rename of a $party with $before published leaves what the next start heals',
    async ({ party, before }, { skip }) => {
      await needsTool(skip, 'strace');
      const { prepare, killedAt, heal, lastCall, callsSince, tokens, records, works } = await third(party);
      let kills = 0;
      for (let rename = 1; ; rename += 1) {
        await prepare(before);
        const last = await lastCall();
        if (!(await killedAt(rename))) break;
        kills += 1;
        expect(await heal(), `rename ${rename}`).toBe('well');
        const calls = await callsSince(last);
        const fetches = calls.filter((call) => /token$/.test(call));
        // Both that were due, and both once more if both were under way.
        expect(fetches.length, `rename ${rename}: ${calls.join()}`).toBeLessThanOrEqual(4);
        const kept = await records();
        const held = kept.map(({ token }) => (token as { value: string }).value);
        const published = await tokens();
        expect(published.toSorted(), `rename ${rename}`).toEqual(held.toSorted());
        expect(kept.map(({ intent }) => intent)).toEqual([undefined, undefined]);
        if (party === 'suite') continue;
        for (const token of published) expect(await works(token), `rename ${rename}`).toBe(true);
        expect(kept.filter(({ grant }) => grant !== undefined)).toHaveLength(1);
      }
      process.stdout.write(`${party}, ${before}: killed at ${kills} renames\n`);
      expect(kills).toBeGreaterThanOrEqual(6);
    },
  );
});
