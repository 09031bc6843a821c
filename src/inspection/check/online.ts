import { type Config, type CredentialConfig, isFetched } from '../../config/config.ts';
import { stateFolder } from '../../coordination/folder/state-folder.ts';
import type { Clock } from '../../core/ports.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { createGates } from '../../loop/host-limit.ts';
import { askCluster, askSource } from './cluster.ts';
import { type Explanation, explain } from './explanation.ts';
import { inquire } from './probe-platform.ts';
import { probeTargets } from './probe-targets.ts';

/** What was said from outside. */
export interface Answers {
  /** Of each credential, in their order, by the platform or the source of the mirror. */
  readonly answers: readonly Explanation[];
  /** Of the Secrets that each of them is published to. */
  readonly probes: readonly Explanation[];
  readonly cluster?: Explanation | undefined;
}

export interface OnlineOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  /** How long all of it may take, in ms. */
  readonly patience: number;
  /** Told of a record that cannot be used. */
  readonly warn: (line: string) => void;
}

/** So many requests are under way at one host. */
const AT_ONCE = 8;

/** Asks the platform, the sources of mirrors and the API server, each as the daemon would, and changes nothing. */
export async function askAll(
  config: Config,
  { kubernetes, clock, patience, warn }: OnlineOptions,
): Promise<Answers> {
  const end = new AbortController();
  // The reason is what an edge takes for an answer that came too late.
  const timer = setTimeout(() => end.abort(new DOMException('too late', 'TimeoutError')), patience);
  const gates = createGates(AT_ONCE);
  const folder = stateFolder(config.stateDir, { mode: config.stateMode }, clock, warn);

  async function ask(credential: CredentialConfig): Promise<Explanation> {
    if (!isFetched(credential)) return askSource(credential, kubernetes, clock, end.signal);
    return explain(await inquire(credential, folder, clock, end.signal));
  }

  async function askInTurn(credential: CredentialConfig): Promise<Explanation[]> {
    const host = isFetched(credential) ? (credential.platform.hosts[0] ?? '') : '';
    const answer: Explanation[] = [];
    await gates.pass(host, { kind: 'probe' }, async () => void answer.push(await ask(credential)));
    return answer;
  }

  try {
    const [answers, probes, cluster] = await Promise.all([
      Promise.all(config.credentials.map(askInTurn)),
      probeTargets(config, { kubernetes, clock, signal: end.signal }),
      config.cluster && askCluster(config.cluster, config.credentials, kubernetes, end.signal),
    ]);
    return { answers: answers.flat(), probes, cluster };
  } finally {
    clearTimeout(timer);
    await kubernetes.close();
  }
}
