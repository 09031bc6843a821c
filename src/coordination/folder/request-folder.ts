import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Clock } from '../../core/ports.ts';
import { MINUTE } from '../../core/time.ts';
import { writeAtomically } from '../../system/fs/atomic-write.ts';
import { lstat, readdir, rename, stat, unlink, volumes } from '../../system/fs/files.ts';
import { changeMark, isSettled, readRegularFile } from '../../system/fs/read-regular-file.ts';
import { systemClock } from '../../system/time/clock.ts';

/** The folder's name within the state folder. */
export const REQUESTS = 'requests';

const Request = v.object({
  /** The name, and the account, which tells the credential from one of the same name that another daemon serves. */
  credentials: v.array(v.object({ name: v.string(), account: v.string() })),
  forced: v.boolean(),
  /** How long the requesting command waits for the outcome, ms. */
  patience: v.pipe(v.number(), v.minValue(0)),
});
const Outcome = v.object({
  name: v.string(),
  result: v.picklist(['published', 'failed', 'refused']),
  message: v.string(),
  // The message in Chinese; absent where a daemon of an older version replies.
  zh: v.exactOptional(v.object({ message: v.string() })),
});
const Reply = v.object({ outcomes: v.array(Outcome) });

/** What a command asks for: the credentials, and whether to force them. */
export type RefreshRequest = v.InferOutput<typeof Request>;
/** The outcome for one token or ticket, with a message for people. */
export type RefreshOutcome = v.InferOutput<typeof Outcome>;

/** Bytes; far more than the names of all credentials take. */
const LARGEST = 1024 * 1024;

/** Age at which a file that no process has collected is removed, ms. */
const ABANDONED = 10 * MINUTE;

/**
 * The folder in which the `refresh` command leaves a request for a daemon that shares its state folder. A daemon
 * takes a request by renaming its file, so exactly one of several daemons gets it. The files hold no secrets.
 */
export interface RequestFolder {
  /**
   * Takes one request that no daemon has taken yet.
   * @param isOurs whether a request is for this daemon
   * @returns undefined when there is none
   */
  take(isOurs: (request: RefreshRequest) => boolean): Promise<TakenRequest | undefined>;
  /** Leaves a request. @throws {NodeJS.ErrnoException} `ENOENT` when no daemon has created the folder yet */
  leave(request: RefreshRequest): Promise<PendingRequest>;
}

/** A request, as the daemon that took it has it. */
export interface TakenRequest {
  readonly request: RefreshRequest;
  /** Writes the reply, unless the requesting command has given up. */
  reply(outcomes: readonly RefreshOutcome[]): Promise<void>;
}

/** A request, as the command that left it has it. */
export interface PendingRequest {
  /** Whether a daemon has taken the request. */
  isTaken(): Promise<boolean>;
  /** @returns undefined while the daemon has not replied */
  reply(): Promise<readonly RefreshOutcome[] | undefined>;
  /** Removes the request and the reply. */
  withdraw(): Promise<void>;
}

/** The request folder within the state folder `stateDir`. */
export function requestFolder(stateDir: string, clock: Clock = systemClock): RequestFolder {
  const folder = join(stateDir, REQUESTS);
  /** The state in which the folder was found empty: until it is in another one, it need not be listed. */
  let empty: string | undefined;

  /** Lists the folder, unless it is known to be empty, which is looked at on volumes of this machine alone. */
  async function list(): Promise<readonly string[]> {
    const found = volumes.isNear(folder) ? await lstat(folder, { bigint: true }).catch(ignore) : undefined;
    // A link has a state of its own.
    const mark = found?.isDirectory() ? changeMark(found) : undefined;
    if (mark !== undefined && mark === empty) return [];
    const names = await readdir(folder).catch(() => undefined);
    const isEmpty = names?.length === 0 && found && isSettled(found, clock.now().wall);
    empty = isEmpty ? mark : undefined;
    return names ?? [];
  }

  return {
    async take(isOurs) {
      const names = await list();
      for (const name of names) {
        const path = join(folder, name);
        await removeAbandoned(path);
        if (!name.endsWith('.request')) continue;
        const request = await readJson(path, Request);
        if (!request || !isOurs(request)) continue;
        const taken = path.replace(/request$/, 'taken');
        const won = await rename(path, taken).then(
          () => true,
          () => false,
        );
        if (!won) continue;
        const reply = async (outcomes: readonly RefreshOutcome[]) => {
          // The requesting command has given up and removed its files.
          if (!(await isThere(taken))) return;
          await writeAtomically(path.replace(/request$/, 'reply'), JSON.stringify({ outcomes }), {
            mode: 0o600,
          });
        };
        return { request, reply };
      }
      return undefined;
    },

    async leave(request) {
      const path = join(folder, randomUUID());
      const all = ['request', 'taken', 'reply'].map((ending) => `${path}.${ending}`);
      // The daemon may run as another user. The mode of the folder still keeps all others out.
      await writeAtomically(`${path}.request`, JSON.stringify(request), { mode: 0o644 });
      return {
        isTaken: async () => !(await isThere(`${path}.request`)),
        reply: async () => (await readJson(`${path}.reply`, Reply))?.outcomes,
        withdraw: async () => {
          await Promise.all(all.map((file) => unlink(file).catch(() => {})));
        },
      };
    },
  };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readJson<T extends v.GenericSchema>(
  path: string,
  schema: T,
): Promise<v.InferOutput<T> | undefined> {
  try {
    const { output, success } = v.safeParse(schema, JSON.parse((await readRegularFile(path, LARGEST)).text));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}

/** Removes an old file: a killed command or daemon leaves its files behind. */
async function removeAbandoned(path: string): Promise<void> {
  const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if (systemClock.now().wall - mtimeMs > ABANDONED) await unlink(path).catch(() => {});
}

function ignore(): void {}
