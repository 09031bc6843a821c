import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { MINUTE } from '../../core/time.ts';
import { writeAtomically } from '../../system/fs/atomic-write.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { systemClock } from '../../system/time/clock.ts';

/** The folder's name within the state folder. */
export const REQUESTS = 'requests';

const Request = v.object({
  /** By name, with the account that tells it from another daemon's credential of the same name. */
  credentials: v.array(v.object({ name: v.string(), account: v.string() })),
  forced: v.boolean(),
  /** How long whoever asks waits for the outcome, ms. */
  patience: v.pipe(v.number(), v.minValue(0)),
});
const Outcome = v.object({
  name: v.string(),
  result: v.picklist(['published', 'failed', 'refused']),
  message: v.string(),
});
const Reply = v.object({ outcomes: v.array(Outcome) });

export type RefreshRequest = v.InferOutput<typeof Request>;
export type RefreshOutcome = v.InferOutput<typeof Outcome>;

/** Far more than the names of all credentials, in bytes. */
const LARGEST = 1024 * 1024;

/** What nobody fetched any more, ms. */
const ABANDONED = 10 * MINUTE;

/**
 * Where a command leaves a request for the daemon that shares its state folder. Renaming decides who takes it, so of
 * several daemons one does. Nothing in it is secret.
 */
export interface RequestFolder {
  /**
   * Takes one request that nobody has taken; undefined when there is none.
   * @param isOurs whether it is for this daemon
   */
  take(isOurs: (request: RefreshRequest) => boolean): Promise<TakenRequest | undefined>;
  /** Leaves a request. @throws {NodeJS.ErrnoException} `ENOENT` where no daemon has made the folder */
  leave(request: RefreshRequest): Promise<PendingRequest>;
}

export interface TakenRequest {
  readonly request: RefreshRequest;
  reply(outcomes: readonly RefreshOutcome[]): Promise<void>;
}

export interface PendingRequest {
  isTaken(): Promise<boolean>;
  reply(): Promise<readonly RefreshOutcome[] | undefined>;
  /** Removes every trace. */
  withdraw(): Promise<void>;
}

export function requestFolder(stateDir: string): RequestFolder {
  const folder = join(stateDir, REQUESTS);

  return {
    async take(isOurs) {
      const names = await readdir(folder).catch(() => []);
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
          // Whoever asked has given up and cleaned up.
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
      // The daemon may be another user; who may not look into the folder cannot read it all the same.
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

/** A command or a daemon that was killed leaves its part behind. */
async function removeAbandoned(path: string): Promise<void> {
  const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if (systemClock.now().wall - mtimeMs > ABANDONED) await unlink(path).catch(() => {});
}
