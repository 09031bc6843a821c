import { EdgeError, PASSING } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { KubernetesClient } from './client.ts';
import type { Environment } from './connection.ts';
import { type ObjectName, objectPath } from './resources.ts';

/** The cluster, for those who have to do with one: nothing of it is loaded or read before it is asked for. */
export interface Kubernetes {
  /** What a person has to change before the API server can be asked, a line each. Asks nobody. */
  problems(): Promise<readonly string[]>;
  /** @throws {EdgeError} `kube-credentials` where there are {@link problems} */
  client(): Promise<KubernetesClient>;
  /** What this process does with one object, one after the other: they would only meet each other's conflicts. */
  inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T>;
  /** Ends everything under way; what is asked for afterwards fails. */
  close(): Promise<void>;
}

export interface KubernetesOptions {
  readonly environment: Environment;
  readonly clock: Clock;
}

type Found =
  | { readonly client: KubernetesClient; readonly problems?: never }
  | { readonly client?: never; readonly problems: readonly string[] };

export function kubernetesOf({ environment, clock }: KubernetesOptions): Kubernetes {
  const turns = new Map<string, Promise<unknown>>();
  let found: Promise<Found> | undefined;

  async function find(): Promise<Found> {
    const [{ findConnection }, { createClient }] = await Promise.all([
      import('./connection.ts'),
      import('./client.ts'),
    ]);
    const { connection, problems } = await findConnection(environment);
    return connection ? { client: createClient(connection, { clock }) } : { problems };
  }

  async function connect(): Promise<Found> {
    found ??= find();
    const result = await found;
    // They may be mended while the daemon runs.
    if (!result.client) found = undefined;
    return result;
  }

  return {
    problems: async () => (await connect()).problems ?? [],
    async client() {
      const { client, problems } = await connect();
      if (client) return client;
      const message = problems.join('; ');
      throw new EdgeError({
        class: 'passing',
        code: 'kube-credentials',
        message,
        effect: 'unsent',
        backoff: PASSING,
      });
    },
    async inTurn(object, work) {
      const key = objectPath(object);
      const turn = (turns.get(key) ?? Promise.resolve()).then(work);
      const settled = turn.catch(() => {});
      turns.set(key, settled);
      try {
        return await turn;
      } finally {
        if (turns.get(key) === settled) turns.delete(key);
      }
    },
    async close() {
      await (await found)?.client?.close();
    },
  };
}
