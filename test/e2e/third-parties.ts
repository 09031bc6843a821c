import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf } from '../support/files.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';

export const PLATFORM = 'wx0000000000000001';
export const SHOP = 'wx1111111111111111';
/** Easily found wherever they should not be. */
export const PLATFORM_SECRET = 'c0ffee00'.repeat(4);

export const PATHS = {
  component: '/cgi-bin/component/api_component_token',
  start: '/cgi-bin/component/api_start_push_ticket',
  authorizer: '/cgi-bin/component/api_authorizer_token',
  list: '/cgi-bin/component/api_get_authorizer_list',
} as const;

/** A third-party platform with one account, and a daemon's folder. */
export interface ThirdParty {
  readonly sandbox: TestSandbox;
  readonly folder: string;
  /** The ticket file. */
  readonly ticket: string;
  readonly path: (credential: string) => string;
  /** What is published for a credential; undefined while there is nothing. */
  readonly token: (credential: string) => Promise<string | undefined>;
  /** Waits until a token is published, another one than `than` if given. */
  readonly newToken: (credential: string, than?: string) => Promise<string>;
  /** The platform pushes a ticket, and the app leaves it in the file, as the documentation asks. @returns the ticket */
  readonly push: (age?: number) => Promise<string>;
  /** The account authorises the platform, or authorises it again. @returns the authorisation code */
  readonly authorize: (exchanged?: boolean) => Promise<string>;
  readonly start: (args?: readonly string[]) => Program;
  readonly run: (args: readonly string[]) => Promise<Program & { readonly code: number | null }>;
  readonly calls: (path: keyof typeof PATHS) => Promise<number>;
}

export async function thirdParty(atEnd: AtEnd, credentials?: readonly object[]): Promise<ThirdParty> {
  const sandbox = await openSandbox();
  atEnd(sandbox.close);
  await sandbox.control('POST', '/components', { appId: PLATFORM, secret: PLATFORM_SECRET });
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'tickets'));
  const secretFile = join(folder, 'component.secret');
  await writeFile(secretFile, PLATFORM_SECRET, { mode: 0o600 });
  const ticket = join(folder, 'tickets', 'platform');
  const path = (credential: string) => join(folder, 'wx', credential, 'token');
  const publish = (credential: string) => [{ type: 'file', path: path(credential) }];
  const usual = [
    {
      ...{ name: 'platform', type: 'component', appId: PLATFORM, secretFile },
      ...{ ticket: { file: ticket }, publish: publish('platform') },
    },
    { name: 'shop', type: 'authorizer', via: 'platform', appId: SHOP, publish: publish('shop') },
  ];
  const config = join(folder, 'config.json');
  await writeFile(
    config,
    JSON.stringify({
      schedule: '* * * * * *',
      stateDir: join(folder, 'state'),
      platform: { baseUrl: sandbox.url },
      credentials: credentials ?? usual,
    }),
  );
  const token = (credential: string) => contentOf(path(credential));
  const start = (args: readonly string[] = []) => startProgram([...args, '--config', config], {}, atEnd);

  return {
    ...{ sandbox, folder, ticket, path, token, start },
    newToken: (credential, than) =>
      eventually(
        async () => {
          const value = await token(credential);
          return value !== than && value;
        },
        { for: `${than === undefined ? 'a' : 'another'} token of ${credential}` },
      ),
    async push(age = 0) {
      const pushed = await sandbox.control<{ ticket: string }>('POST', `/components/${PLATFORM}/tickets`);
      await leave(ticket, pushed.ticket, age);
      return pushed.ticket;
    },
    async authorize(exchanged = true) {
      const body = { appId: SHOP, exchanged };
      const path = `/components/${PLATFORM}/authorizers`;
      const { authorizationCode } = await sandbox.control<{ authorizationCode: string }>('POST', path, body);
      return authorizationCode;
    },
    async run(args) {
      const program = start(args);
      return { ...program, code: (await program.exited).code };
    },
    calls: (name) => sandbox.calls(PATHS[name]),
  };
}

/** Leaves a ticket for the daemon in one step. @param age of the push, ms */
export async function leave(path: string, content: string, age = 0): Promise<void> {
  await writeFile(`${path}.tmp`, content, { mode: 0o640 });
  const at = new Date(Date.now() - age);
  await utimes(`${path}.tmp`, at, at);
  await rename(`${path}.tmp`, path);
}
