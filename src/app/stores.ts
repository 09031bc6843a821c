import type { Subject } from '../codec/details.ts';
import type { Config } from '../config/config.ts';
import { ConfigError, type Problem } from '../config/config-error.ts';
import type { MirrorSource, MirrorStore, Mirrors } from '../coordination/cluster/mirrors.ts';
import type { Request } from '../coordination/cluster/secret-requests.ts';
import { stateFolder } from '../coordination/folder/state-folder.ts';
import type { Kind } from '../core/credential.ts';
import type { Leadership } from '../core/events/cluster.ts';
import type { AccountStore, Clock, Unit } from '../core/ports.ts';
import { kubernetesOf } from '../kubernetes/index.ts';
import { createClusterNarrator } from '../observability/log/cluster-log.ts';
import type { Fields, Logger } from '../observability/log/logger.ts';
import { prepareFolder } from './prepare.ts';

export interface StoresOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface StoresListeners {
  /** The record of an account may be another one than before. */
  readonly changed: (account: string) => void;
  /** What waits for a lock or a store need not wait any longer. */
  readonly freed: () => void;
  /** Another daemon asks something of this one. */
  readonly asked: (account: string, request: Request) => void;
  /** A command has left a request. */
  readonly requested: () => void;
}

/** Where what is known of credentials is kept: in a folder of this machine, or in a Secret of a cluster. */
export interface Stores {
  open(account: string, subject: Subject): AccountStore;
  /** @throws {ConfigError} when there is no cluster */
  mirror(
    source: MirrorSource,
    kind: Kind,
  ): Promise<{ readonly account: string; readonly store: MirrorStore }>;
  /** @returns what a person must change before it can work */
  prepare(units: readonly Unit[]): Promise<readonly Problem[]>;
  /** From now on these are served. */
  serve(units: readonly Unit[]): void;
  /** Where a cluster keeps one of them, in words: there it stays when it is served no longer. */
  placesOf(name: string, kind: Kind): readonly string[];
  start(listeners: StoresListeners): void;
  /** Whether changes of the state folder are heard. */
  works(): boolean;
  /** Who refreshes for all; undefined without a cluster. */
  leadership(): Leadership | undefined;
  /** Another daemon should refresh for all, if there is one that can. */
  resign(): void;
  /**
   * Gives back what is held; to be called when nothing is under way any more.
   * @param patience what that may take, ms
   */
  close(patience: number): Promise<void>;
}

/** @throws {ConfigError} when there is no cluster where one is configured */
export async function createStores(
  { stateDir, stateMode, stateGid, cluster: clusterConfig }: Config,
  { clock, logger, random }: StoresOptions,
): Promise<Stores> {
  const access = { mode: stateMode, ...(stateGid !== undefined && { gid: stateGid }) };
  const warn = (message: string, fields: Fields = {}) => logger.warn(message, fields);
  const folder = stateFolder(stateDir, access, clock, warn);
  const kubernetes = kubernetesOf({ clock });
  const edges = { kubernetes, clock, random, report: createClusterNarrator(logger, clock) };
  let watch: ReturnType<typeof folder.watch> | undefined;
  let mirrors: Promise<Mirrors> | undefined;
  let listeners: StoresListeners | undefined;

  async function needCluster(where: string): Promise<void> {
    const problems = await kubernetes.problems();
    if (problems.length > 0) throw new ConfigError(problems.map((what) => ({ where, what })));
  }

  async function openCluster(config: NonNullable<typeof clusterConfig>) {
    await needCluster('cluster');
    const { joinCluster } = await import('../coordination/cluster/index.ts');
    return joinCluster({ ...edges, ...config, warn });
  }

  async function loadMirrors(): Promise<Mirrors> {
    const { openMirrors } = await import('../coordination/cluster/mirrors.ts');
    return openMirrors({ ...edges, changed: (account) => listeners?.changed(account) });
  }

  const cluster = clusterConfig && (await openCluster(clusterConfig));
  return {
    open: (account, subject) => cluster?.open(account, subject) ?? folder.open(account),
    async mirror(source, kind) {
      await needCluster('credentials');
      mirrors ??= loadMirrors();
      return (await mirrors).open(source, kind);
    },
    prepare: (units) => prepareFolder(folder, cluster ? [] : units, logger),
    placesOf: (name, kind) => cluster?.placesOf(name, kind) ?? [],
    serve(units) {
      cluster?.serve(units);
      void mirrors?.then(({ serve }) => serve(new Set(units.map(({ account }) => account))));
    },
    start(told) {
      listeners = told;
      watch = folder.watch(told.changed, told.requested);
      cluster?.start(told);
    },
    works: () => watch?.works() ?? false,
    leadership: () => cluster?.leadership(),
    resign: () => cluster?.resign(),
    async close(patience) {
      await Promise.all([
        watch?.close(),
        cluster?.close(patience),
        mirrors?.then((opened) => opened.close()),
      ]);
      await kubernetes.close();
    },
  };
}
