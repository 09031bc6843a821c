import { type Config, type CredentialConfig, type FetchedConfig, isFetched } from '../../config/config.ts';
import { createExpander } from '../../config/expand.ts';
import { stateFolder } from '../../coordination/folder/state-folder.ts';
import { shareRedis } from '../../coordination/redis/index.ts';
import { stateServer } from '../../coordination/redis/scripts.ts';
import type { Findings } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import type { PushedTicket } from '../../core/pushed-ticket.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { createGates } from '../../loop/host-limit.ts';
import { redisOf } from '../../redis/index.ts';
import { probeCluster, probeSource } from './cluster.ts';
import { clusterRecords } from './cluster-records.ts';
import { type Explanation, explain } from './explanation.ts';
import { mergeFindings } from './findings.ts';
import { keptTickets } from './kept-tickets.ts';
import { describeList, nextListing } from './list.ts';
import { probeList } from './probe-list.ts';
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
  /** One answer per entry of `many` about its list. */
  readonly lists: readonly ListAnswer[];
  /** One answer per credential about the Secrets into which it is published. */
  readonly probes: readonly (readonly TargetExplanation[])[];
  /** The pushed tickets that daemons keep, by the names of their credentials. */
  readonly tickets?: ReadonlyMap<string, PushedTicket>;
  /** The answer about the Lease and the Secret of the cluster, if one is configured. */
  readonly cluster?: Explanation | undefined;
  /** The answer about the shared state in Redis, if it is configured. */
  readonly state?: Explanation | undefined;
}

/** What is found about the list of an entry; without a verdict where the platform was not asked. */
export interface ListAnswer extends Findings {
  readonly verdict?: Explanation['verdict'];
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

const NOTHING: Findings = { facts: [], warnings: [] };

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

  const partyOf = ({ via }: Pick<FetchedConfig, 'via'>) => {
    const party = config.credentials.find(({ name }) => name === via?.name);
    return party && isFetched(party) ? party : undefined;
  };

  async function ask(credential: CredentialConfig): Promise<Explanation> {
    if (!isFetched(credential)) return probeSource(credential, kubernetes, clock, end.signal);
    return explain(await probePlatform(credential, partyOf(credential), records, clock, end.signal));
  }

  /** Entry by entry, since none serves what one before it publishes. */
  async function askForLists(): Promise<ListAnswer[]> {
    const { expand } = createExpander();
    const served: FetchedConfig[] = [];
    const answers: ListAnswer[] = [];
    for (const many of config.many ?? []) {
      const probe = await probeList(many, partyOf(many), records, clock, end.signal);
      const listing = nextListing(probe, many);
      const expansion = await expand(
        { ...config, credentials: [...config.credentials, ...served] },
        many,
        listing ?? { at: 0, accounts: {} },
      );
      served.push(...expansion.served);
      const described = describeList(probe, listing, expansion, many, clock.now().wall);
      const asked = probe.asked && explain(probe.asked);
      answers.push({
        ...mergeFindings(asked ?? NOTHING, described),
        ...(asked && { verdict: asked.verdict }),
      });
    }
    return answers;
  }

  async function askInTurn(credential: CredentialConfig): Promise<Explanation[]> {
    const host = isFetched(credential) ? (credential.platform.hosts[0] ?? '') : '';
    const answer: Explanation[] = [];
    await gates.pass(host, { kind: 'probe' }, async () => void answer.push(await ask(credential)));
    return answer;
  }

  try {
    const [answers, lists, probes, cluster, state, tickets] = await Promise.all([
      Promise.all(config.credentials.map(askInTurn)),
      askForLists(),
      probeTargets(config, { kubernetes, redis, clock, signal: end.signal }),
      config.cluster && probeCluster(config.cluster, config.credentials, kubernetes, end.signal),
      shared && connection && probeRedisState(shared, config, connection, clock, end.signal),
      keptTickets(config, records),
    ]);
    return { answers: answers.flat(), lists, probes, cluster, state, tickets };
  } finally {
    clearTimeout(timer);
    await Promise.all([kubernetes.close(), redis.close()]);
  }
}
