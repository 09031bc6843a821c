import type * as v from 'valibot';
import type { Subject } from '../codec/details.ts';
import type { Kind } from '../core/credential.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import type { Failure } from '../core/failure.ts';
import type { Fact, Findings } from '../core/findings.ts';
import type { Clock, Publisher } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { Text } from '../core/text.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import type { Redis, RedisConfig } from '../redis/index.ts';
import type { Options } from '../schema/blocks.ts';
import type { Complain, KeyPath } from '../schema/key-path.ts';
import type { HostContext } from '../system/process/host-context.ts';
import type { FormatName } from './formats.ts';

/** The settings of every target: its type, the token or ticket that it holds, and the format. */
export interface TargetConfig {
  readonly type: string;
  readonly of: Kind;
  readonly format: FormatName;
}

/** One place that a target writes to: a file, a key of a Secret, or something else. */
export interface Place {
  /** Description for messages: a path, or what is kept where. */
  readonly words: Text;
  /** Set if the place is a file. */
  readonly file?: { readonly path: string; readonly isDetails: boolean };
  /** Set if the place is a key of a Secret, which a `cluster` or another program may write as well. */
  readonly secret?: { readonly namespace: string; readonly name: string; readonly key: string };
}

/** The credential that a target is of. */
export interface TargetOwner {
  /** The AppID or CorpID; empty where it is missing, which has been reported. */
  readonly appId: string;
  /** The key of the configuration that holds it. */
  readonly idKey: string;
  readonly family: PlatformFamily;
  /** The AppSecret, where it can be read. */
  readonly secret?: Secret;
}

/** What a kind of target uses to turn settings into a target: look-ups, and a way to report problems. */
export interface ResolveTools {
  /** Path of the target in the configuration. */
  readonly at: KeyPath;
  /** Reports a problem at `path`. */
  readonly complain: Complain;
  /** Whether what the configuration says at `path` has been reported: it counts as said. */
  isWrong(path: KeyPath): boolean;
  /**
   * Reports a required key that is missing.
   * @param what what the value is, for the message
   * @returns whether the value is missing
   */
  isMissing(path: KeyPath, value: unknown, what: Text): boolean;
  /**
   * Looks up a group by name or number, and reports an unknown one. Resolves to undefined if no group is given or the
   * group is unknown.
   */
  groupOf(group: string | undefined, path: KeyPath): Promise<number | undefined>;
  /** Finds an entry of `redis` by its name, and reports an unknown one. */
  connectionOf(name: string | undefined, path: KeyPath): RedisConfig | undefined;
  /** What the credential is called; empty where it has no name, which has been reported. */
  readonly name: string;
  /** Whose token or ticket it is; absent for a mirror, which learns it only from its source. */
  readonly owner?: TargetOwner;
  /** The settings of all targets of the same credential, including this one. */
  readonly siblings: readonly Settings[];
}

/** The settings of a target, each valid by itself. The own keys of a kind have the types of its schema. */
export type Settings = TargetConfig & Readonly<Record<string, unknown>>;

/** What publishers need from the rest of the program. */
export interface PublisherEdges {
  readonly kubernetes: Kubernetes;
  readonly redis: Redis;
  readonly clock: Clock;
}

/** What a kind of target needs to probe its targets. */
export interface ProbeTools extends Pick<PublisherEdges, 'clock'> {
  readonly kubernetes: Pick<Kubernetes, 'client'>;
  readonly redis: Pick<Redis, 'connection'>;
  /** All targets of the kind, of whatever credential. */
  readonly all: readonly TargetConfig[];
  /** Ends the probe; its reason says why. */
  readonly signal: AbortSignal;
}

/** The systems that targets may be written to, and that can be asked. */
export type ProbedStore = 'cluster' | 'Redis';

/** The outcome of probing whether a target could be written. */
export interface Probe {
  readonly facts: readonly Fact[];
  readonly warnings?: readonly Text[];
  readonly failure?: Failure;
}

/**
 * A kind of target, and everything that the program knows about it. The configuration, `check`, `status` and the
 * documentation read it from here. To add a kind, write one file with one of these and add one line to `kinds.ts`.
 */
export interface TargetKind<
  E extends v.ObjectEntries = v.ObjectEntries,
  T extends TargetConfig = TargetConfig,
> {
  /** The value of `type` in the configuration. */
  readonly type: string;
  /** A sentence that describes the kind, for editors and the documentation. */
  readonly description: string;
  /** The keys of this kind besides `type`, `of` and `format`, with their schemas. */
  readonly options: E;
  /** The names of the required keys in `options`. */
  readonly required: readonly (keyof E & string)[];
  /** Whether its targets have a `format`. Absent: they have. */
  readonly hasFormat?: boolean;
  /** Whether the kind publishes into files. If so, the state folder may be beside the first file. */
  readonly writesFiles: boolean;
  /** Turns settings into a target. Resolves to undefined if a required setting is missing, after reporting it. */
  resolve(settings: TargetConfig & Options<E>, tools: ResolveTools): Promise<T | undefined>;
  /** Returns the name of a target in logs, metrics and state. */
  idOf(target: T): string;
  /** Returns every place that the target writes to, starting with the one that apps open. */
  places(target: T): readonly Place[];
  /** Returns how messages name a target that needs a cluster; absent if the kind needs none. */
  inCluster?(target: T): string;
  /**
   * Creates the function that makes publishers of this kind. It is called once per daemon, so that the publishers of
   * a daemon can share state.
   */
  open(edges: PublisherEdges): (target: T, subject: Subject) => Publisher;
  /** Describes the targets of one credential for `check`, without sending requests. */
  inspect(targets: readonly T[], host: HostContext): Promise<Findings>;
  /** What {@link TargetKind.probe} asks, by its name in the summary of `check --online`. */
  readonly probed?: ProbedStore;
  /** Probes the targets for `check --online` with requests that change nothing. */
  probe?(targets: readonly T[], tools: ProbeTools): Promise<readonly Probe[]>;
}

/**
 * Erases the types of the own keys and targets of a kind, so that the rest of the program can use the kind without
 * knowing them.
 */
export function targetKind<E extends v.ObjectEntries, T extends TargetConfig>(
  kind: TargetKind<E, T>,
): TargetKind {
  return kind as unknown as TargetKind;
}
