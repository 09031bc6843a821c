import { TEST_ACCOUNT, type TestSandbox, withSandbox } from '../support/sandbox.ts';

/** Noon in China, so that a test's hours stay within one day there. */
export const NOON = Date.parse('2024-05-01T12:00:00+08:00');

export const SECOND = 1000;

export interface PlatformBody {
  readonly access_token: string;
  readonly ticket: string;
  readonly expires_in: number;
  readonly errcode?: number;
  readonly errmsg: string;
  readonly ip_list?: readonly string[];
}

/** A sandbox whose clock stands still until a test moves it. */
export function atNoon(options: Parameters<typeof withSandbox>[0] = {}): Promise<TestSandbox> {
  return withSandbox({ clock: () => NOON, ...options });
}

export async function get(
  sandbox: TestSandbox,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<PlatformBody> {
  const response = await fetch(`${sandbox.url}${path}?${new URLSearchParams(query)}`);
  return JSON.parse(await response.text());
}

export async function post(sandbox: TestSandbox, path: string, body: unknown): Promise<PlatformBody> {
  const response = await fetch(sandbox.url + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return JSON.parse(await response.text());
}

const CREDENTIALS = {
  grant_type: 'client_credential',
  appid: TEST_ACCOUNT.appId,
  secret: TEST_ACCOUNT.secret,
};

export function fetchClassic(
  sandbox: TestSandbox,
  changes: Readonly<Record<string, string>> = {},
): Promise<PlatformBody> {
  return get(sandbox, '/cgi-bin/token', { ...CREDENTIALS, ...changes });
}

export function fetchStable(
  sandbox: TestSandbox,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<PlatformBody> {
  return post(sandbox, '/cgi-bin/stable_token', { ...CREDENTIALS, ...changes });
}

/** What a business call with that token comes to: `alive`, or the errcode. */
export async function probe(sandbox: TestSandbox, token: string): Promise<'alive' | number | undefined> {
  const { ip_list, errcode } = await get(sandbox, '/cgi-bin/getcallbackip', { access_token: token });
  return ip_list ? 'alive' : errcode;
}
