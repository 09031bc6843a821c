import type * as v from 'valibot';
import type { Subject } from '../codec/details.ts';
import type { Kind } from '../core/credential.ts';
import type { Failure } from '../core/failure.ts';
import type { Fact, Findings } from '../core/findings.ts';
import type { Clock, Publisher } from '../core/ports.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import type { HostContext } from '../system/process/host-context.ts';
import type { FormatName } from './formats.ts';

/** What every target says: its type, which token or ticket it holds, and in which form. */
export interface TargetConfig {
  readonly type: string;
  readonly of: Kind;
  readonly format: FormatName;
}

/** One place that a target writes. */
export interface Place {
  /** For people: a path, or what is kept where. */
  readonly words: string;
  /** Where it is a file. */
  readonly file?: { readonly path: string; readonly isDetails: boolean };
  /** Where it is a key of a Secret, which a `cluster` or another program may write as well. */
  readonly secret?: { readonly namespace: string; readonly name: string; readonly key: string };
}

/** A path to a key of the configuration. */
type KeyPath = readonly (string | number)[];

/** What a kind can ask while its settings become a target, and where it complains. */
export interface Resolving {
  /** Where the target is said. */
  readonly at: KeyPath;
  complain(path: KeyPath, what: string): void;
  /** Complains of a key that has to be there and is not. */
  isMissing(path: KeyPath, value: unknown, what: string): boolean;
  /** The numeric id of a group; undefined where none is said, and where it is unknown, which is complained of. */
  groupOf(group: string | undefined, path: KeyPath): Promise<number | undefined>;
  /** All targets of the same credential, as they are said. */
  readonly siblings: readonly Settings[];
}

/** The settings of a target, each right by itself: its own keys as its schema has them. */
export type Settings = TargetConfig & Readonly<Record<string, unknown>>;

export interface PublisherEdges {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
}

export interface Asking extends Pick<PublisherEdges, 'clock'> {
  readonly kubernetes: Pick<Kubernetes, 'client'>;
  /** Its reason says why it ended. */
  readonly signal: AbortSignal;
}

/** What came of asking from outside whether a target could be written. */
export interface Probe {
  readonly facts: readonly Fact[];
  readonly failure?: Failure;
}

/**
 * A kind of target, and everything that the program knows about it. The configuration, `check`, `status` and the
 * documentation read it from here: a new kind is one file with one of these, and one line in `kinds.ts`.
 */
export interface TargetKind<T extends TargetConfig = TargetConfig> {
  /** What `type` says in the configuration. */
  readonly type: string;
  /** What it is, for editors and the documentation: a sentence. */
  readonly description: string;
  /** Its keys besides `type`, `of` and `format`. */
  readonly options: v.ObjectEntries;
  /** Those of them that have to be there. */
  readonly required: readonly string[];
  /** Whether it publishes into files: then the state folder may lie beside the first. */
  readonly writesFiles: boolean;
  /** What is configured; undefined where something is missing, which has been complained of. */
  resolve(settings: Settings, tools: Resolving): Promise<T | undefined>;
  /** What a target is called in logs, metrics and state. */
  idOf(target: T): string;
  /** Everything that it writes, what apps open first. */
  places(target: T): readonly Place[];
  /** What a target that needs a cluster is called where there is none. */
  inCluster?(target: T): string;
  /** What makes publishers of this kind; those of one daemon share what has to be shared. */
  open(edges: PublisherEdges): (target: T, subject: Subject) => Publisher;
  /** What `check` tells of the targets of one credential, without asking anybody. */
  inspect(targets: readonly T[], host: HostContext): Promise<Findings>;
  /** What `check --online` asks from outside, changing nothing. */
  probe?(targets: readonly T[], asking: Asking): Promise<readonly Probe[]>;
}

/** Lets a kind be written with the type of its own targets, and be used without knowing it. */
export function targetKind<T extends TargetConfig>(kind: TargetKind<T>): TargetKind {
  return kind as unknown as TargetKind;
}
