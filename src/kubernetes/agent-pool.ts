import { isDeepStrictEqual } from 'node:util';
import { marksOf } from '../system/watch-files.ts';
import { type Agents, createAgents, type Timeouts } from './agents.ts';
import type { Connection } from './connection.ts';

/** The connections of the moment. Certificates and keys are replaced, if rarely: then they are made anew. */
export interface AgentPool {
  /** @throws {EdgeError} `kube-credentials` where there have never been any */
  current(): Promise<Agents>;
  /** Whether the authorities of the API server were named, and are not those that the system trusts. */
  namesAuthority(): boolean;
  /** The server was not satisfied: before the next request all is read again, also where no file looks changed. */
  doubt(): void;
  /** Breaks them. */
  close(): Promise<void>;
}

export function createAgentPool(connection: Connection, timeouts: Timeouts): AgentPool {
  let agents: Agents | undefined;
  /** How the files were found when they were read last. */
  let known: string | undefined;
  let looking: Promise<Agents> | undefined;

  async function look(): Promise<Agents> {
    const marks = await marksOf(connection.files);
    if (agents && marks === known) return agents;
    const before = agents;
    try {
      const trust = await connection.trust();
      known = marks;
      if (before && isDeepStrictEqual(trust, before.trust)) return before;
      agents = createAgents(trust, timeouts);
    } catch (error) {
      // A certificate and its key are two files, and one of them is written first.
      if (before) return before;
      throw error;
    }
    // What is under way on them goes on to its end.
    if (before) for (const agent of [before.calls, before.watches]) void agent.close();
    return agents;
  }

  return {
    current() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    namesAuthority: () => agents?.trust.ca !== undefined,
    doubt() {
      known = undefined;
    },
    async close() {
      await looking?.catch(() => {});
      await Promise.all([agents?.calls.destroy(), agents?.watches.destroy()]);
    },
  };
}
