import { EdgeError, PASSING } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Decision, KubernetesClient, Update } from './client.ts';
import type { Environment } from './connection-types.ts';
import type { Timeouts } from './http.ts';
import { type ObjectName, objectPath, type Stored } from './resources.ts';

export type { Decision } from './client.ts';

/** Access to the cluster. It loads and reads nothing before the first use. */
export interface Kubernetes {
  /** Lists what an operator must change before the API server can be asked, a line each. Sends no request. */
  problems(): Promise<readonly string[]>;
  /**
   * Returns the client, which all callers share.
   * @throws {EdgeError} `kube-credentials` when there are {@link problems}
   */
  client(): Promise<KubernetesClient>;
  /**
   * Runs this process's operations on one object one after the other: concurrent ones would only run into
   * conflicts. Rejects as `work` does.
   */
  inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T>;
  /**
   * Changes a Secret by compare-and-set; writers in this process take turns.
   * @throws {EdgeError} why the Secret could not be read or written
   */
  updateSecret(
    secret: ObjectName<'secrets'>,
    decide: (found: Stored<'secrets'>) => Promise<Decision>,
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
  | { readonly client?: never; readonly problems: readonly string[] };

/** Creates the access to the cluster; connects only when it is first used. */
export function kubernetesOf({
  clock,
  environment = process.env,
  timeouts = {},
}: KubernetesOptions): Kubernetes {
  const turns = new Map<string, Promise<unknown>>();
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
      message: problems.join('; '),
      effect: 'unsent',
      backoff: PASSING,
    });
  }

  async function inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T> {
    const key = objectPath(object);
    const turn = (turns.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {});
    turns.set(key, settled);
    try {
      return await turn;
    } finally {
      if (turns.get(key) === settled) turns.delete(key);
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
