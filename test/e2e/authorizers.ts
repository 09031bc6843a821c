import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LogLine, type Program, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { PLATFORM, type ThirdParty, thirdParty } from './third-parties.ts';

export const FIRST = 'wx1111111111111111';
export const SECOND = 'wx2222222222222222';

export interface EveryAccount extends Omit<ThirdParty, 'authorize'> {
  readonly config: string;
  /** Changes the configuration; the first credential is the platform, the second the entry. */
  readonly write: (change: (document: Document) => Document, to?: string) => Promise<void>;
  readonly authorize: (appId: string, exchanged?: boolean) => Promise<unknown>;
  readonly revoke: (appId: string) => Promise<unknown>;
  /** Has the list read, as a person would. */
  readonly relist: () => Promise<{ readonly code: number | null; readonly stdout: string }>;
  /** Waits until nothing is published for a credential. */
  readonly goneFor: (credential: string) => Promise<unknown>;
  /** Another daemon, by another file of its own. */
  readonly startWith: (config: string) => ReturnType<ThirdParty['start']>;
}

export interface Document extends Readonly<Record<string, unknown>> {
  readonly credentials: readonly Readonly<Record<string, unknown>>[];
}

/** A third-party platform whose accounts are served as it lists them. */
export async function everyAccount(changes: object = {}): Promise<EveryAccount> {
  const party = await thirdParty(onTestFinished);
  const { folder, path, sandbox, run } = party;
  const config = join(folder, 'config.json');
  const authorizers = `/components/${PLATFORM}/authorizers`;
  const write: EveryAccount['write'] = async (change, to = config) => {
    const document = JSON.parse(await readFile(config, 'utf8')) as Document;
    await writeFile(to, JSON.stringify(change(document)));
  };
  const entry = {
    ...{ name: 'all', type: 'authorizers', via: 'platform' },
    publish: [{ type: 'file', path: path('{appId}') }],
    ...changes,
  };
  await write(({ credentials: [platform = {}], ...rest }) => ({ ...rest, credentials: [platform, entry] }));
  return {
    ...party,
    config,
    write,
    authorize: (appId, exchanged = true) => sandbox.control('POST', authorizers, { appId, exchanged }),
    revoke: (appId) => sandbox.control('DELETE', `${authorizers}/${appId}`),
    async relist() {
      const { code, stdout } = await run(['refresh', 'all']);
      return { code, stdout: stdout() };
    },
    goneFor: (credential) => eventually(async () => (await party.token(credential)) === undefined),
    startWith: (file) => startProgram(['--config', file], {}, onTestFinished),
  };
}

/**
 * How often the list has been read by the time that a second account is published: once at first, once when it was asked for,
 * and once more where another daemon than the one that read it fetched that account, and looked its refresh token up.
 */
export function listsRead(daemons: readonly Program[], account: string): number {
  const whoFetched = (is: (line: LogLine) => boolean) =>
    daemons.findIndex((daemon) =>
      daemon.log().some((line) => line.message.startsWith('fetched a new') && is(line)),
    );
  const reader = whoFetched((line) => line['kind'] === 'accounts' && line['reason'] === 'requested');
  const fetcher = whoFetched((line) => line['credential'] === `all.${account}`);
  if (reader < 0 || fetcher < 0) throw new Error('nobody has told of it');
  return reader === fetcher ? 2 : 3;
}
