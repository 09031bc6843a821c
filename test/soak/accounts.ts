import { join } from 'node:path';
import { APP_SECRET, type Type } from '../e2e/workbench.ts';

/** One credential of the daemon under test. */
export interface Account {
  readonly name: string;
  readonly type: Type;
  readonly appId: string;
  readonly file: string;
  /**
   * What its readers are promised. `everything`: never a dead token but in the moment after a forced refresh. `whole`:
   * whole tokens only, since what happens to it (a lost answer of the classic endpoint, a used-up quota) lets one die.
   */
  readonly promised: 'everything' | 'whole';
}

/** How many of each, and what they are promised. */
const GROUPS = [
  { name: 'stable', type: 'stable-token', promised: 'everything', count: 64 },
  { name: 'classic', type: 'access-token', promised: 'everything', count: 16 },
  { name: 'lossy', type: 'access-token', promised: 'whole', count: 4 },
  { name: 'spent', type: 'stable-token', promised: 'whole', count: 2 },
  // In the configuration now and then.
  { name: 'guest', type: 'stable-token', promised: 'whole', count: 1 },
] as const;

export function accountsIn(folder: string): readonly Account[] {
  const accounts = GROUPS.flatMap(({ name, type, promised, count }) =>
    Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}`, type, promised })),
  );
  return accounts.map((account, index) => ({
    ...account,
    appId: `wx${String(index).padStart(16, '0')}`,
    file: join(folder, 'volume', account.name, 'token'),
  }));
}

/**
 * Lives of seconds. A stable token is replaced after about 8 s, when the platform has been ready for a second, and works
 * for 22 s more; an access token after 20 s, and works for 10 s more: so long may a fault last.
 */
export const RULES = { tokenTtl: 30, rotationWindow: 24, overlap: 12 };
const AHEAD = '10s';

export interface Settings {
  readonly rotationWindow: string;
  /** Whether the guest is served as well. */
  readonly guest: boolean;
}

export interface Surroundings {
  readonly folder: string;
  readonly platform: string;
  /** Where metrics are served. */
  readonly listen: string;
}

/** The configuration file as text. */
export function configuration(
  accounts: readonly Account[],
  { rotationWindow, guest }: Settings,
  { folder, platform, listen }: Surroundings,
): string {
  const served = accounts.filter(({ name }) => guest || !name.startsWith('guest'));
  return JSON.stringify({
    schedule: '* * * * * *',
    stateDir: join(folder, 'state'),
    http: { listen },
    feedback: { directory: join(folder, 'feedback') },
    platform: { baseUrl: platform, timeout: '2s' },
    credentials: served.map(({ name, type, appId, file }, index) => ({
      name,
      type,
      appId,
      secretFile: join(folder, 'app.secret'),
      ...(type === 'stable-token' ? { rotationWindow } : { ahead: AHEAD }),
      publish: [{ type: 'file', path: file }],
      // Starting programs is what leaks most easily.
      ...(index % 20 === 0 && { notify: [{ type: 'exec', command: ['/bin/true'] }] }),
    })),
  });
}

export const SECRET = APP_SECRET;
