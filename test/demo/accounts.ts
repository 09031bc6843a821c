import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface DemoAccount {
  readonly name: string;
  readonly title: string;
  readonly appId: string;
}

/** The account whose rotations the demo tells, and whose token its reader uses. */
export const WATCHED: DemoAccount = { name: 'shop', title: '某某商城 服务号', appId: 'wx0000000000000000' };

/** The account whose IP whitelist does not have the daemon's address. */
export const TROUBLED: DemoAccount = {
  name: 'campaign',
  title: '某某活动 订阅号',
  appId: 'wx0000000000000001',
};

const ACCOUNTS: readonly DemoAccount[] = [
  WATCHED,
  { name: 'members', title: '某某会员 小程序', appId: 'wx0000000000000002' },
  { name: 'stores', title: '某某门店 小程序', appId: 'wx0000000000000003' },
  { name: 'press', title: '某某新闻 订阅号', appId: 'wx0000000000000004' },
  TROUBLED,
];

/** All of them have the same AppSecret, which opens nothing anywhere. */
const SECRET = '0'.repeat(32);

/** Options of the sandbox that make it know the accounts. */
export const ACCOUNT_OPTIONS = ACCOUNTS.flatMap(({ appId }) => ['--account', `${appId}:${SECRET}`]);

/** An address of the range for documentation (RFC 5737), so never that of the daemon. */
const ELSEWHERE = '203.0.113.9';

/** What the sandbox's control path takes to lock {@link TROUBLED} out, and to let it in again. */
export const WHITELISTS = { elsewhere: { whitelist: [ELSEWHERE] }, none: { whitelist: null } } as const;

/** Takes the daemon's address off the IP whitelist of {@link TROUBLED}. */
export async function lockOut(baseUrl: string): Promise<void> {
  const response = await fetch(controlOf(baseUrl), {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(WHITELISTS.elsewhere),
  });
  if (!response.ok) throw new Error(`the sandbox answered ${response.status}`);
}

/** Where the sandbox is told about {@link TROUBLED}. */
export function controlOf(baseUrl: string): string {
  return `${baseUrl}/sandbox/accounts/${TROUBLED.appId}`;
}

/**
 * Writes the configuration of a daemon of all accounts into the folder.
 * @returns its path, and the environment that it needs
 */
export async function writeConfig(
  folder: string,
  { baseUrl, rotationWindow }: { readonly baseUrl: string; readonly rotationWindow: string },
): Promise<{ readonly path: string; readonly environment: Readonly<Record<string, string>> }> {
  const credentials = ACCOUNTS.map(({ name, ...account }) => ({
    ...{ name, ...account, secretEnv: 'DEMO_SECRET', rotationWindow },
    publish: [{ type: 'file', path: publishedAt(folder, name) }],
  }));
  const config = {
    schedule: '* * * * * *',
    http: { listen: '127.0.0.1:0' },
    platform: { baseUrl },
    credentials,
  };
  const path = join(folder, 'config.json');
  await mkdir(folder, { recursive: true });
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
  return { path, environment: { DEMO_SECRET: SECRET } };
}

/** The file into which the token of the account of this name is published. */
export function publishedAt(folder: string, name: string): string {
  return join(folder, 'wx', name, 'token');
}
