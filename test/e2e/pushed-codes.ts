import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Delivery } from '../../src/sandbox/third-parties/receiver.ts';
import { KEY, TOKEN } from '../push/receiving.ts';
import { type Environment, startProgram } from '../support/program.ts';
import { PLATFORM, PLATFORM_SECRET, SHOP, thirdParty } from './third-parties.ts';

/** The call that exchanges an authorisation code. */
export const QUERY = '/cgi-bin/component/api_query_auth';

/** A third-party platform that pushes to a daemon, which serves an account by name, or as the platform lists them. */
export async function pushed({
  all = false,
  push = {},
}: {
  readonly all?: boolean;
  readonly push?: object;
} = {}) {
  const party = await thirdParty(onTestFinished);
  const { sandbox, folder, path, token } = party;
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const keys = {
    tokenFile: await file('push.token', TOKEN),
    encodingAesKeyFile: await file('push.key', KEY),
  };
  const secretFile = await file('platform.secret', PLATFORM_SECRET);
  const publish = (name: string) => [{ type: 'file', path: path(name) }];
  const account = all
    ? { name: 'all', type: 'authorizers', via: 'platform', publish: publish('{appId}') }
    : { name: 'shop', type: 'authorizer', via: 'platform', appId: SHOP, publish: publish(SHOP) };
  const config = await file(
    'pushed.json',
    JSON.stringify({
      schedule: '* * * * * *',
      stateDir: join(folder, 'state'),
      platform: { baseUrl: sandbox.url },
      push: { listen: '127.0.0.1:0' },
      credentials: [
        {
          ...{ name: 'platform', type: 'component', appId: PLATFORM, secretFile },
          ...{ ticket: { push: { path: '/wx/platform', ...keys, ...push } }, publish: publish('platform') },
        },
        account,
      ],
    }),
  );
  return {
    ...party,
    /** Starts a daemon that the platform pushes to. */
    async listen(env: Environment = {}) {
      const daemon = startProgram(['--config', config], { env }, onTestFinished);
      const { message } = await daemon.logged(/^pushes on /);
      await sandbox.control('PUT', `/components/${PLATFORM}/receiver`, {
        ...{
          url: `${message.replace('pushes on ', 'http://')}/wx/platform`,
          token: TOKEN,
          encodingAesKey: KEY,
        },
      });
      return daemon;
    },
    queries: () => sandbox.calls(QUERY),
    isKept: async () => (await readdir(join(folder, 'state'))).some((name) => name.includes('.json.code-')),
    /** Whether the value of a code is written down. */
    async isWritten(code: string): Promise<boolean> {
      const stateDir = join(folder, 'state');
      const names = (await readdir(stateDir)).filter((name) => name.includes('.json.code-'));
      const contents = names.map((name) => readFile(join(stateDir, name), 'utf8').catch(() => ''));
      return (await Promise.all(contents)).some((content) => content.includes(code));
    },
    /** What the daemon answered to the last push of the platform; undefined: nothing. */
    async lastAnswer(): Promise<string | undefined> {
      const path = `/components/${PLATFORM}/receiver`;
      const { deliveries } = await sandbox.control<{ deliveries: Delivery[] }>('GET', path);
      const { status, answer } = deliveries.at(-1) ?? { status: null };
      return status === null ? undefined : `${status} ${answer}`;
    },
    /** Whether what is published for the account is what the platform accepts. */
    async works(): Promise<boolean> {
      const response = await fetch(`${sandbox.url}/cgi-bin/getcallbackip?access_token=${await token(SHOP)}`);
      return 'ip_list' in ((await response.json()) as object);
    },
  };
}
