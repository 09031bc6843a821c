import { type Config, type CredentialConfig, isFetched } from '../../config/config.ts';
import { stateFolder } from '../../coordination/folder/state-folder.ts';
import { shareRedis } from '../../coordination/redis/index.ts';
import { stateServer } from '../../coordination/redis/scripts.ts';
import type { Clock } from '../../core/ports.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { createGates } from '../../loop/host-limit.ts';
import { redisOf } from '../../redis/index.ts';
import { probeCluster, probeSource } from './cluster.ts';
import { clusterRecords } from './cluster-records.ts';
import { type Explanation, explain } from './explanation.ts';
import { probePlatform } from './probe-platform.ts';
import { probeTargets, type TargetExplanation } from './probe-targets.ts';
import { probeRedisState } from './redis-state.ts';

/** The answers of platforms and API server. */
export interface Answers {
  /**
   * One answer per credential, in the order of the configuration: from the platform, or from the source of the
   * mirror.
   */
  readonly answers: readonly Explanation[];
  /** One answer per credential about the Secrets into which it is published. */
  readonly probes: readonly (readonly TargetExplanation[])[];
  /** The answer about the Lease and the Secret of the cluster, if one is configured. */
  readonly cluster?: Explanation | undefined;
  /** The answer about the shared state in Redis, if it is configured. */
  readonly state?: Explanation | undefined;
}

/** How `check --online` asks. */
export interface OnlineOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  /** How long all requests together may take, in ms. */
  readonly timeout: number;
  /** Reports a stored record that cannot be used. */
  readonly warn: (line: string) => void;
}

/** Largest number of requests at the same time per host. */
const AT_ONCE = 8;

/**
 * Asks the platform, the sources of mirrors and the API server, each with the code that the daemon uses. Changes
 * nothing.
 */
export async function probeAll(
  config: Config,
  { kubernetes, clock, timeout, warn }: OnlineOptions,
): Promise<Answers> {
  const end = new AbortController();
  // Edges treat a `TimeoutError` as an answer that came too late.
  const timer = setTimeout(() => end.abort(new DOMException('too late', 'TimeoutError')), timeout);
  const gates = createGates(AT_ONCE);
  const redis = redisOf(config.redis ?? [], { clock, random: Math.random });
  const { state: shared } = config;
  const connection = shared && redis.connection(shared.redis.connection);
  const local = stateFolder(config.stateDir, { mode: config.stateMode }, clock, warn);
  const folder = config.cluster ? clusterRecords(config.cluster, kubernetes, end.signal) : local;
  const records =
    shared && connection
      ? shareRedis({
          server: stateServer(connection, shared.redis.prefix),
          ...{ clock, warn, report: () => {} },
        })
      : folder;

  async function ask(credential: CredentialConfig): Promise<Explanation> {
    if (!isFetched(credential)) return probeSource(credential, kubernetes, clock, end.signal);
    const party = config.credentials.find(({ name }) => name === credential.via?.name);
    const fetched = party && isFetched(party) ? party : undefined;
    return explain(await probePlatform(credential, fetched, records, clock, end.signal));
  }

  async function askInTurn(credential: CredentialConfig): Promise<Explanation[]> {
    const host = isFetched(credential) ? (credential.platform.hosts[0] ?? '') : '';
    const answer: Explanation[] = [];
    await gates.pass(host, { kind: 'probe' }, async () => void answer.push(await ask(credential)));
    return answer;
  }

  try {
    const [answers, probes, cluster, state] = await Promise.all([
      Promise.all(config.credentials.map(askInTurn)),
      probeTargets(config, { kubernetes, redis, clock, signal: end.signal }),
      config.cluster && probeCluster(config.cluster, config.credentials, kubernetes, end.signal),
      shared && connection && probeRedisState(shared, config, connection, clock, end.signal),
    ]);
    return { answers: answers.flat(), probes, cluster, state };
  } finally {
    clearTimeout(timer);
    await Promise.all([kubernetes.close(), redis.close()]);
  }
}
