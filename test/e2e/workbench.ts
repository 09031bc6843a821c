import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEntry, SandboxOptions } from '../../src/sandbox/index.ts';
import { contentOf } from '../support/files.ts';
import { type AtEnd, type Environment, type Program, startProgram } from '../support/program.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';

export const TYPES = ['stable-token', 'access-token'] as const;
export type Type = (typeof TYPES)[number];

/** Where each type is fetched. */
export const ENDPOINT = {
  'stable-token': '/cgi-bin/stable_token',
  'access-token': '/cgi-bin/token',
} as const;

export const APP_ID = 'wx0000000000000000';
/** Easily found wherever it should not be. */
export const APP_SECRET = '0123456789abcdef'.repeat(2);

/** A platform, a volume and an AppSecret: everything a daemon needs. */
export interface Workbench {
  readonly sandbox: TestSandbox;
  /** Holds the secret file and, once a daemon has made it, the volume. */
  readonly folder: string;
  /** Where the token is published: `volume/token`. */
  readonly file: string;
  /** The environment of a daemon that looks at the clock every second; changes win. */
  readonly env: (changes?: Environment) => Environment;
  /** Starts the daemon. */
  readonly run: (changes?: Environment) => Program;
  /** `once`, to its end. */
  readonly once: (
    changes?: Environment,
    args?: readonly string[],
  ) => Promise<Program & { code: number | null }>;
  /** The published token; undefined while there is none. */
  readonly token: () => Promise<string | undefined>;
  /** Waits until a token is published, another one than `than` if given. */
  readonly newToken: (than?: string) => Promise<string>;
  /** Every call for a token, oldest first. */
  readonly fetches: () => Promise<readonly JournalEntry[]>;
}

export async function workbench(atEnd: AtEnd, options: Partial<SandboxOptions> = {}): Promise<Workbench> {
  const sandbox = await openSandbox({ accounts: [{ appId: APP_ID, secret: APP_SECRET }], ...options });
  atEnd(sandbox.close);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const secretFile = join(folder, 'secrets', 'app.secret');
  await mkdir(join(folder, 'secrets'));
  await writeFile(secretFile, `${APP_SECRET}\n`, { mode: 0o600 });
  const file = join(folder, 'volume', 'token');

  const env = (changes: Environment = {}): Environment => ({
    WXTOKEN_APPID: APP_ID,
    WXTOKEN_SECRET_FILE: secretFile,
    WXTOKEN_FILE: file,
    WXTOKEN_API_BASE_URL: sandbox.url,
    WXTOKEN_SCHEDULE: '* * * * * *',
    ...changes,
  });
  const token = () => contentOf(file);

  return {
    sandbox,
    folder,
    file,
    env,
    token,
    run: (changes) => startProgram([], { env: env(changes) }, atEnd),
    async once(changes, args = []) {
      const program = startProgram(['once', ...args], { env: env(changes) }, atEnd);
      const { code } = await program.exited;
      return { ...program, code };
    },
    newToken: (than) =>
      eventually(
        async () => {
          const value = await token();
          return value !== than && value;
        },
        { for: than === undefined ? 'a token' : 'another token' },
      ),
    async fetches() {
      const endpoints: readonly string[] = Object.values(ENDPOINT);
      return (await sandbox.journal()).filter(({ path }) => endpoints.includes(path));
    },
  };
}

/** How the sandbox's journal names a token. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
