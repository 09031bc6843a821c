import { onTestFinished } from 'vitest';
import {
  type Fault,
  type JournalEntry,
  type SandboxAccount,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/index.ts';

/** The account every test sandbox has unless it is given others. */
export const TEST_ACCOUNT: SandboxAccount = { appId: 'wx0000000000000000', secret: '0'.repeat(32) };

/** A running sandbox and its control path. Every method throws when the sandbox refuses. */
export interface TestSandbox {
  readonly url: string;
  /** What the platform was asked, oldest first; after `since` if given. */
  readonly journal: (since?: number) => Promise<readonly JournalEntry[]>;
  /** How often a path was asked so far, by `appId` if given. */
  readonly calls: (path: string, appId?: string) => Promise<number>;
  /** Replaces the list of faults. */
  readonly faults: (list: readonly Fault[]) => Promise<void>;
  readonly clearFaults: () => Promise<void>;
  /** Moves the sandbox's clock and tells its new time, in epoch ms. */
  readonly advance: (ms: number) => Promise<number>;
  readonly account: (appId?: string) => {
    readonly patch: (changes: Readonly<Record<string, unknown>>) => Promise<void>;
    readonly counters: () => Promise<Readonly<Record<string, unknown>>>;
  };
  readonly addAccount: (account: SandboxAccount) => Promise<void>;
  /** Calls the control path, as `/components`. */
  readonly control: <Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<Body>;
  /** Ends it now; a test's sandbox is ended with the test anyway. */
  readonly close: () => Promise<void>;
}

/** For use within a test: the sandbox ends with it. */
export async function withSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const sandbox = await openSandbox(options);
  onTestFinished(sandbox.close);
  return sandbox;
}

/** For hooks and programs: the caller closes it. */
export async function openSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const { url, close } = await startSandbox({ accounts: [TEST_ACCOUNT], ...options });
  const control = controlClient(`${url}/sandbox`);
  const journal = async (since = 0) => {
    const { entries } = await control<{ entries: JournalEntry[] }>('GET', `/journal?since=${since}`);
    return entries;
  };
  return {
    url,
    close,
    control,
    journal,
    async calls(path, appId) {
      const entries = await journal();
      return entries.filter((entry) => entry.path === path && (appId ?? entry.appId) === entry.appId).length;
    },
    async faults(list) {
      await control('PUT', '/faults', { faults: list });
    },
    async clearFaults() {
      await control('DELETE', '/faults');
    },
    async advance(ms) {
      const { now } = await control<{ now: number }>('POST', '/clock', { advanceMs: ms });
      return now;
    },
    account: (appId = TEST_ACCOUNT.appId) => ({
      async patch(changes) {
        await control('PATCH', `/accounts/${appId}`, changes);
      },
      counters: () => control('GET', `/accounts/${appId}`),
    }),
    async addAccount(account) {
      await control('POST', '/accounts', account);
    },
  };
}

function controlClient(base: string) {
  return async <Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Body> => {
    const response = await fetch(base + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
}
