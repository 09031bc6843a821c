import { EdgeError, PASSING } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Decision, KubernetesClient, Update } from './client.ts';
import type { Environment } from './connection-types.ts';
import type { Timeouts } from './http.ts';
import { type ObjectName, objectPath, type Stored } from './resources.ts';

export type { Decision } from './client.ts';

/** The cluster, for those who have to do with one: nothing of it is loaded or read before it is asked for. */
export interface Kubernetes {
  /** What a person has to change before the API server can be asked, a line each. Asks nobody. */
  problems(): Promise<readonly string[]>;
  /** @throws {EdgeError} `kube-credentials` where there are {@link problems} */
  client(): Promise<KubernetesClient>;
  /** What this process does with one object, one after the other: they would only meet each other's conflicts. */
  inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T>;
  /**
   * Changes a Secret by compare-and-set. Those of this process who write the same one take turns.
   * @throws {EdgeError} why it could not be read or written
   */
  updateSecret(
    secret: ObjectName<'secrets'>,
    decide: (found: Stored<'secrets'>) => Promise<Decision>,
  ): Promise<Update>;
  /** Ends everything under way; what is asked for afterwards fails. */
  close(): Promise<void>;
}

export interface KubernetesOptions {
  readonly clock: Clock;
  /** Says where it is; this process's own when absent. */
  readonly environment?: Environment;
  readonly timeouts?: Partial<Timeouts>;
}

type Found =
  | { readonly client: KubernetesClient; readonly problems?: never }
  | { readonly client?: never; readonly problems: readonly string[] };

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
    // They may be mended while the daemon runs.
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
