import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY, TOKEN } from '../push/receiving.ts';
import { contentOf } from '../support/files.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';

export const PROVIDER = 'ww0000000000000000';
export const SUITE = 'ww0000000000000001';
export const CORP = 'wpAbCdEfGh0000000000';
export const EXCHANGE = '/cgi-bin/service/v2/get_permanent_code';
const SUITE_SECRET = 'suite-secret'.repeat(3);

export interface PushedSuite {
  readonly sandbox: TestSandbox;
  readonly folder: string;
  readonly stateDir: string;
  /** The path of what is published for a credential. */
  readonly path: (credential: string) => string;
  /** The path of the file of a corp. */
  readonly codeFile: (corpId?: string) => string;
  readonly arguments: readonly string[];
  /** Starts a daemon that the platform pushes to from now on. */
  readonly listen: (options?: { readonly env?: Readonly<Record<string, string>> }) => Promise<Program>;
  /** Lets the platform push to that daemon from now on. */
  readonly pushTo: (daemon: Program) => Promise<void>;
  /** The corp installs the suite. @returns the permanent code that the platform has for it */
  readonly install: (corpId?: string) => Promise<string>;
  readonly exchanges: () => Promise<number>;
  /** Waits until a token is published, another one than `than` if given. */
  readonly newToken: (credential: string, than?: string) => Promise<string>;
  /** How many authorisation codes, and permanent codes, are kept in the state folder. */
  readonly kept: (what: 'code' | 'permanent-code') => Promise<number>;
}

export interface SuiteOptions {
  /** Its id. */
  readonly suite?: string;
  /** Whether a corp is configured. */
  readonly corps?: boolean;
  /** Further credentials. */
  readonly more?: (places: Pick<PushedSuite, 'codeFile' | 'path'>) => readonly object[];
}

/** A suite that pushes to a daemon, and a corp that is configured before it has authorised. */
export async function pushedSuite(
  atEnd: AtEnd,
  { suite = SUITE, corps = true, more = () => [] }: SuiteOptions = {},
): Promise<PushedSuite> {
  const sandbox = await openSandbox();
  atEnd(sandbox.close);
  const folder = await temporaryFolder();
  await sandbox.control('POST', '/providers', { corpId: PROVIDER, secret: 'p'.repeat(32) });
  await sandbox.control('POST', '/suites', { suiteId: suite, secret: SUITE_SECRET, provider: PROVIDER });
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const path = (name: string) => join(folder, 'wx', name, 'token');
  const publish = (name: string) => [{ type: 'file', path: path(name) }];
  const codeFile = (corpId = CORP) => join(folder, 'codes', corpId);
  const push = {
    path: '/wx/suite',
    tokenFile: await file('push.token', TOKEN),
    encodingAesKeyFile: await file('push.key', KEY),
    permanentCodes: codeFile('{corpId}'),
  };
  const secretFile = await file('suite.secret', SUITE_SECRET);
  const stateDir = join(folder, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  const corp = { name: 'corp', type: 'wecom-corp', via: 'suite', corpId: CORP, secretFile: codeFile() };
  const config = await file(
    'config.json',
    JSON.stringify({
      ...{ schedule: '* * * * * *', stateDir, platform: { baseUrl: sandbox.url } },
      push: { listen: '127.0.0.1:0' },
      credentials: [
        {
          ...{ name: 'suite', type: 'wecom-suite', suiteId: suite, secretFile },
          ...{ ticket: { push }, publish: publish('suite') },
        },
        ...(corps ? [{ ...corp, publish: publish('corp') }] : []),
        ...more({ codeFile, path }),
      ],
    }),
  );
  const args = ['--config', config];

  async function pushTo(daemon: Program): Promise<void> {
    const { message } = await daemon.logged(/^pushes on /);
    const url = `${message.replace('pushes on ', 'http://')}/wx/suite`;
    await sandbox.control('PUT', `/suites/${suite}/receiver`, { url, token: TOKEN, encodingAesKey: KEY });
  }

  return {
    ...{ sandbox, folder, stateDir, path, codeFile, arguments: args, pushTo },
    async listen({ env = {} } = {}) {
      const daemon = startProgram([...args], { env }, atEnd);
      await pushTo(daemon);
      return daemon;
    },
    async install(corpId = CORP) {
      const answer = await sandbox.control('POST', `/suites/${suite}/corps`, { corpId });
      return String(answer['permanentCode']);
    },
    exchanges: () => sandbox.calls(EXCHANGE),
    newToken: (credential, than) =>
      eventually(
        async () => {
          const value = await contentOf(path(credential));
          return value !== than && value;
        },
        { for: `${than === undefined ? 'a' : 'another'} token of ${credential}` },
      ),
    async kept(what) {
      return (await readdir(stateDir)).filter((name) => name.includes(`.json.${what}-`)).length;
    },
  };
}
