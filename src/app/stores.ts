import type { Subject } from '../codec/details.ts';
import type { Config, StateConfig } from '../config/config.ts';
import { ConfigError, type Problem } from '../config/config-error.ts';
import type { MirrorSource, MirrorStore, Mirrors } from '../coordination/cluster/mirrors.ts';
import type { Request } from '../coordination/cluster/secret-requests.ts';
import { stateFolder } from '../coordination/folder/state-folder.ts';
import type { Kind } from '../core/credential.ts';
import type { Leadership } from '../core/events/cluster.ts';
import type {
  AccountStore,
  Clock,
  CodeStore,
  PermanentCodeStore,
  TakeTurn,
  TicketStore,
  Unit,
} from '../core/ports.ts';
import { verbatim } from '../core/text.ts';
import { kubernetesOf } from '../kubernetes/index.ts';
import { createClusterLog } from '../observability/log/cluster-log.ts';
import type { Fields, Logger } from '../observability/log/logger.ts';
import { redisOf } from '../redis/index.ts';
import { prepareFolder } from './prepare.ts';

export interface StoresOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

export interface StoresListeners {
  /** The record of an account may have changed. */
  readonly changed: (account: string) => void;
  /** Work that waits for a lock or a store may go on. */
  readonly freed: () => void;
  /** A follower forwarded a request to this daemon. */
  readonly asked: (account: string, request: Request) => void;
  /** A command may have left a refresh request in the state folder. */
  readonly requested: () => void;
}

/** The stores of the accounts' records: a folder on this machine, a Secret of a cluster, or a Redis. */
export interface Stores {
  /** Opens the record of an account. */
  open(account: string, subject: Subject): AccountStore;
  /** Opens the newest ticket that the platform has pushed for an account. */
  openTickets(account: string, subject: Subject): TicketStore;
  /** Takes a turn among the calls of all daemons that share the records. */
  readonly takeTurn: TakeTurn;
  /** Opens the codes of authorisations that are pushed to a third party. */
  openCodes(account: string, subject: Subject): CodeStore;
  /** Opens the permanent codes of the corps that have installed a suite. */
  openPermanentCodes(account: string, subject: Subject): PermanentCodeStore;
  /**
   * Opens the read-only record of a mirrored credential.
   * @throws {ConfigError} when no cluster can be reached from here
   */
  mirror(
    source: MirrorSource,
    kind: Kind,
  ): Promise<{ readonly account: string; readonly store: MirrorStore }>;
  /**
   * Prepares the state folder for these units.
   * @returns what a person must change before the folder can work
   */
  prepare(units: readonly Unit[]): Promise<readonly Problem[]>;
  /** Sets the units that are served from now on. */
  serve(units: readonly Unit[]): void;
  /**
   * Returns the names, for people, of the keys under which a cluster keeps a token or ticket. The cluster still keeps
   * it there when it is no longer served.
   */
  placesOf(name: string, kind: Kind): readonly string[];
  /**
   * Removes the record of an account that is gone for good, where it would not end by itself: in a cluster, by the leader.
   * Elsewhere records that nobody uses end.
   * @returns what was removed, by its names for people
   * @throws {EdgeError} why it could not be removed
   */
  forget(
    account: string,
    subject: Pick<Subject, 'name'> & { readonly kind: Kind },
  ): Promise<readonly string[]>;
  /** Watches the stores and joins the election from now on. */
  start(listeners: StoresListeners): void;
  /** Whether changes of the records are told; if not, the records have to be polled. */
  works(): boolean;
  /** Which daemon leads; undefined without a cluster. */
  leadership(): Leadership | undefined;
  /** The daemon that a moment ago had the lock of an account in Redis, where that is another one. */
  holderOf(account: string): string | undefined;
  /** Requests that another daemon of the cluster lead, if there is one that can. */
  resign(): void;
  /**
   * Releases the Lease and stops all watches. To be called when no work is in progress any more.
   * @param patience how long that may take, ms
   */
  close(patience: number): Promise<void>;
}

/**
 * Opens the configured stores.
 * @throws {ConfigError} when a cluster is configured and cannot be reached from here
 */
export async function createStores(
  {
    stateDir,
    stateElsewhere,
    stateMode,
    stateGid,
    cluster: clusterConfig,
    state,
    redis: connections,
  }: Config,
  { clock, logger, random }: StoresOptions,
): Promise<Stores> {
  const access = { mode: stateMode, ...(stateGid !== undefined && { gid: stateGid }) };
  const warn = (message: string, fields: Fields = {}) => logger.warn(message, fields);
  const folder = stateFolder(stateDir, access, clock, warn, stateElsewhere);
  const kubernetes = kubernetesOf({ clock });
  // A connection apart from those of targets: it must work until the very end, when locks are given back.
  const redis = redisOf(connections ?? [], { clock, random });
  const edges = { kubernetes, clock, random, report: createClusterLog(logger, clock) };
  let watch: ReturnType<typeof folder.watch> | undefined;
  let mirrors: Promise<Mirrors> | undefined;
  let listeners: StoresListeners | undefined;

  async function needCluster(key: string): Promise<void> {
    const problems = await kubernetes.problems();
    if (problems.length > 0) throw new ConfigError(problems.map((what) => ({ where: verbatim(key), what })));
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

  async function openShared({ redis: { connection, prefix } }: StateConfig) {
    const [{ shareRedis }, { stateServer }] = await Promise.all([
      import('../coordination/redis/index.ts'),
      import('../coordination/redis/scripts.ts'),
    ]);
    const server = stateServer(redis.connection(connection), prefix);
    return shareRedis({ server, clock, report: edges.report, warn });
  }

  const cluster = clusterConfig && (await openCluster(clusterConfig));
  const shared = state && (await openShared(state));
  return {
    open: (account, subject) =>
      cluster?.open(account, subject) ?? shared?.open(account) ?? folder.open(account),
    openTickets: (account, subject) =>
      cluster?.openTickets(account, subject) ?? shared?.openTickets(account) ?? folder.openTickets(account),
    takeTurn: cluster?.takeTurn ?? shared?.takeTurn ?? folder.takeTurn,
    openCodes: (account, subject) =>
      cluster?.openCodes(account, subject) ?? shared?.openCodes(account) ?? folder.openCodes(account),
    openPermanentCodes: (account, subject) =>
      cluster?.openPermanentCodes(account, subject) ??
      shared?.openPermanentCodes(account) ??
      folder.openPermanentCodes(account),
    async mirror(source, kind) {
      await needCluster('credentials');
      mirrors ??= loadMirrors();
      return (await mirrors).open(source, kind);
    },
    prepare: (units) => prepareFolder(folder, cluster || shared ? [] : units, logger),
    forget: async (account, subject) => (await cluster?.forget(account, subject)) ?? [],
    placesOf: (name, kind) => cluster?.placesOf(name, kind) ?? [],
    serve(units) {
      cluster?.serve(units);
      void mirrors?.then(({ serve }) => serve(new Set(units.map(({ account }) => account))));
    },
    start(told) {
      listeners = told;
      watch = folder.watch(told.changed, told.requested);
      cluster?.start(told);
      shared?.start(told);
    },
    works: () => shared !== undefined || (watch?.works() ?? false),
    leadership: () => cluster?.leadership(),
    holderOf: (account) => shared?.holderOf(account),
    resign: () => cluster?.resign(),
    async close(patience) {
      await Promise.all([
        watch?.close(),
        cluster?.close(patience),
        shared?.close(),
        mirrors?.then((opened) => opened.close()),
      ]);
      await Promise.all([kubernetes.close(), redis.close()]);
    },
  };
}
