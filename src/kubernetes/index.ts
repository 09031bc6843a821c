import { EdgeError, type Failure, failureOf, PASSING } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { joined, SEMICOLON, type Text } from '../core/text.ts';
import type { Decision, KubernetesClient, Update } from './client.ts';
import type { Environment } from './connection-types.ts';
import type { Timeouts } from './http.ts';
import { type ObjectName, objectPath, type Stored } from './resources.ts';

export type { Decision } from './client.ts';

/** Access to the cluster. It loads and reads nothing before the first use. */
export interface Kubernetes {
  /** Lists what an operator must change before the API server can be asked, a line each. Sends no request. */
  problems(): Promise<readonly Text[]>;
  /**
   * Returns the client, which all callers share.
   * @throws {EdgeError} `kube-credentials` when there are {@link problems}
   */
  client(): Promise<KubernetesClient>;
  /**
   * Runs this process's operations on one object one after the other: concurrent ones would only run into
   * conflicts. Rejects as `work` does. An operation that waits for its turn while the one before it meets a server or a
   * webhook in trouble rejects with the same failure and sends nothing: otherwise thirty credentials would find out
   * one after the other, for five seconds each, that a webhook hangs.
   */
  inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T>;
  /**
   * Changes a Secret by compare-and-set; writers in this process take turns.
   * @throws {EdgeError} why the Secret could not be read or written
   */
  updateSecret(
    secret: ObjectName<'secrets'>,
    decide: (found: Stored<'secrets'>, again: boolean) => Promise<Decision>,
  ): Promise<Update>;
  /** Aborts all requests; later ones fail. */
  close(): Promise<void>;
}

export interface KubernetesOptions {
  readonly clock: Clock;
  /** Says where the API server is; absent: the environment of this process. */
  readonly environment?: Environment;
  readonly timeouts?: Partial<Timeouts>;
}

type Found =
  | { readonly client: KubernetesClient; readonly problems?: never }
  | { readonly client?: never; readonly problems: readonly Text[] };

/** Those who wait for their turn with one object. */
interface Line {
  /** Settles when the turn of the last one is over; never rejects. */
  last: Promise<unknown>;
  waiting: number;
  /** How many turns ended with a server, or a webhook, in trouble. */
  troubles: number;
  /** What the last of these met. */
  trouble?: Failure;
}

/** Creates the access to the cluster; connects only when it is first used. */
export function kubernetesOf({
  clock,
  environment = process.env,
  timeouts = {},
}: KubernetesOptions): Kubernetes {
  const lines = new Map<string, Line>();
  let found: Promise<Found> | undefined;

  async function find(): Promise<Found> {
    const [{ findConnection }, { createClient }] = await Promise.all([
      import('./connection.ts'),
      import('./client.ts'),
    ]);
    const { connection, problems } = await findConnection(environment);
    return connection ? { client: createClient(connection, { clock, timeouts }) } : { problems };
  }

  async function connect(): Promise<Found> {
    found ??= find();
    const result = await found;
    // The operator may solve the problems while the daemon runs.
    if (!result.client) found = undefined;
    return result;
  }

  async function client(): Promise<KubernetesClient> {
    const { client: made, problems } = await connect();
    if (made) return made;
    throw new EdgeError({
      class: 'passing',
      code: 'kube-credentials',
      message: joined(problems, SEMICOLON),
      effect: 'unsent',
      backoff: PASSING,
    });
  }

  async function inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T> {
    const key = objectPath(object);
    const line = lines.get(key) ?? { last: Promise.resolve(), waiting: 0, troubles: 0 };
    lines.set(key, line);
    line.waiting += 1;
    const { troubles } = line;

    async function attempt(): Promise<T> {
      if (line.troubles > troubles && line.trouble)
        throw new EdgeError({ ...line.trouble, effect: 'unsent' });
      try {
        return await work();
      } catch (error) {
        const failure = failureOf(error, 'none');
        if (failure.effect === 'unknown' || failure.code === 'kube-webhook') {
          line.troubles += 1;
          line.trouble = failure;
        }
        throw error;
      }
    }

    const turn = line.last.then(attempt);
    line.last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      line.waiting -= 1;
      if (line.waiting === 0) lines.delete(key);
    }
  }

  return {
    problems: async () => (await connect()).problems ?? [],
    client,
    inTurn,
    async updateSecret(secret, decide) {
      const [{ updateSecret }, ready] = await Promise.all([import('./client.ts'), client()]);
      return inTurn(secret, () => updateSecret(ready, secret, decide));
    },
    async close() {
      await (await found)?.client?.close();
    },
  };
}
