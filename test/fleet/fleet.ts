import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { JournalEntry, SandboxOptions } from '../../src/sandbox/index.ts';
import { ENDPOINT, sha256, type Type, type Workbench, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import type { AtEnd, Environment, Program } from '../support/program.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';

/** A daemon of a fleet and the file it publishes. */
export interface Member extends Program {
  readonly file: string;
}

/** Several daemons of one account on one state folder. */
export interface Fleet extends Workbench {
  readonly type: Type;
  readonly members: readonly Member[];
  /** Where all of them keep what they know. */
  readonly stateDir: string;
  /** Where apps report refused tokens to all of them. */
  readonly feedbackDir: string;
  readonly journal: FollowedJournal;
  /** Starts one more, or one again. */
  readonly join: (file: string, changes?: Environment) => Member;
  /** The member whose request to the platform is under way, as soon as there is one. */
  readonly asking: () => Promise<Member>;
  /** Holds back the answer to the next call for a token. */
  readonly holdBack: (ms: number) => Promise<void>;
}

export interface FleetOptions {
  readonly type: Type;
  /** How many daemons (default 4). */
  readonly size?: number;
  /** Whether all publish one and the same file. */
  readonly oneFile?: boolean;
  readonly rules?: Partial<SandboxOptions>;
  /** Holds back the answer to the very first call for a token, ms. */
  readonly firstHeldBack?: number;
  readonly env?: Environment;
}

export async function fleet(
  atEnd: AtEnd,
  { type, size = 4, oneFile = false, rules = {}, firstHeldBack, env = {} }: FleetOptions,
): Promise<Fleet> {
  const bench = await workbench(atEnd, rules);
  const journal = followJournal(bench.sandbox, atEnd);
  const stateDir = join(bench.folder, 'state');
  const feedbackDir = join(bench.folder, 'feedback');
  await mkdir(feedbackDir);
  const holdBack = (ms: number) =>
    bench.sandbox.faults([{ kind: 'latency', ms, path: ENDPOINT[type], times: 1 }]);
  if (firstHeldBack !== undefined) await holdBack(firstHeldBack);
  const start = (file: string, changes: Environment = {}): Member => ({
    file,
    ...bench.run({
      WXTOKEN_TYPE: type,
      WXTOKEN_STATE_DIR: stateDir,
      WXTOKEN_FILE: file,
      WXTOKEN_FEEDBACK_DIR: feedbackDir,
      WXTOKEN_LOG_LEVEL: 'debug',
      ...env,
      ...changes,
    }),
  });
  const members = Array.from({ length: size }, (_, index) =>
    start(oneFile ? bench.file : join(bench.folder, `app-${index}`, 'token')),
  );
  return {
    ...bench,
    type,
    members,
    stateDir,
    feedbackDir,
    journal,
    join: start,
    asking: () => eventually(() => members.find(isAsking), { for: 'a daemon that asks the platform' }),
    holdBack,
  };
}

/** Whether a request is under way, by what the daemon said last about it. */
function isAsking(member: Program): boolean {
  const said = member.log().map(({ message }) => message);
  const began = said.lastIndexOf('asking the platform');
  return (
    began >= 0 &&
    !said
      .slice(began)
      .some((message) => /^(fetched a new token|the platform returned the same token)/.test(message))
  );
}

/** The sandbox keeps its last calls only, and restless readers make thousands. */
export interface FollowedJournal {
  /** Every call for a token so far, oldest first. */
  readonly fetches: () => Promise<readonly JournalEntry[]>;
  /** Every other call that was refused. */
  readonly refusals: () => Promise<readonly JournalEntry[]>;
}

const FOLLOW = 100;

export function followJournal(sandbox: TestSandbox, atEnd: AtEnd): FollowedJournal {
  const endpoints: readonly string[] = Object.values(ENDPOINT);
  const kept: JournalEntry[] = [];
  let last = 0;
  let ended = false;
  let turn: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    for (const entry of await sandbox.journal(last)) {
      last = entry.seq;
      if (endpoints.includes(entry.path) || entry.errcode !== 0) kept.push(entry);
    }
  }
  const catchUp = () => {
    turn = turn.then(read);
    return turn;
  };
  async function follow(): Promise<void> {
    while (!ended) {
      await catchUp();
      await delay(FOLLOW);
    }
  }
  const following = follow();
  atEnd(async () => {
    ended = true;
    await following;
  });

  const keptWhere = async (fits: (entry: JournalEntry) => boolean) => {
    await catchUp();
    return kept.filter(fits);
  };
  return {
    fetches: () => keptWhere(({ path }) => endpoints.includes(path)),
    refusals: () => keptWhere(({ path }) => !endpoints.includes(path)),
  };
}

/** One value in a file, and when it was first seen there, monotonic ms. */
export interface Sighting {
  readonly hash: string;
  readonly at: number;
}

/** Every value that a file has held, in the order in which it held them: one that comes back is there twice. */
export interface History {
  readonly seen: () => readonly Sighting[];
}

const LOOK = 10;

export function watchFile(file: string, atEnd: AtEnd, valueIn = (text: string) => text): History {
  return watchValue(async () => {
    const text = await contentOf(file);
    return text === undefined ? undefined : valueIn(text);
  }, atEnd);
}

/** The same of whatever can be read. */
export function watchValue(read: () => Promise<string | undefined>, atEnd: AtEnd): History {
  const seen: Sighting[] = [];
  let ended = false;

  async function look(): Promise<void> {
    while (!ended) {
      const value = await read();
      const hash = value === undefined ? undefined : sha256(value);
      if (hash !== undefined && seen.at(-1)?.hash !== hash) seen.push({ hash, at: performance.now() });
      await delay(LOOK);
    }
  }
  const looking = look();
  atEnd(async () => {
    ended = true;
    await looking;
  });
  return { seen: () => seen };
}

/** The token in the shared record; the record's file is the one in the state folder that ends in .json. */
export async function watchRecord({ stateDir, sandbox, type }: Fleet, atEnd: AtEnd): Promise<History> {
  const { host } = new URL(sandbox.url);
  const path = join(stateDir, `${host.replace(':', '_')}.${type}.wx0000000000000000.json`);
  await eventually(() => readFile(path), { for: 'the record' });
  return watchFile(path, atEnd, (text) => JSON.parse(text).token?.value ?? '');
}

/** That a file never went back to a token older than one it had held, and held nothing that the platform had not minted. */
export function expectForwardOnly(history: History, fetches: readonly JournalEntry[]): void {
  const minted = [...new Set(fetches.flatMap(({ tokenSha256 }) => tokenSha256 ?? []))];
  const order = history.seen().map(({ hash }) => minted.indexOf(hash));
  expect(order).not.toContain(-1);
  expect(order).toEqual([...order].sort((a, b) => a - b));
}

/** Waits until all of these files hold this token. */
export async function expectEverywhere(files: readonly string[], hash: string | null): Promise<void> {
  for (const file of files) {
    await eventually(async () => sha256((await contentOf(file)) ?? '') === hash, {
      for: `the newest token in ${file}`,
    });
  }
}

/** A measured number, for whoever reads the test's output. */
export function tell(what: string): void {
  process.stdout.write(`fleet: ${what}\n`);
}
