import { sha256 } from '../codec/encoding.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Request } from '../coordination/cluster/secret-requests.ts';
import { feedbackFolder } from '../coordination/folder/feedback-folder.ts';
import { refreshDesk } from '../coordination/folder/refresh-desk.ts';
import { requestFolder } from '../coordination/folder/request-folder.ts';
import type { Clock, Unit } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import { kubernetesOf } from '../kubernetes/index.ts';
import type { Reporter } from '../loop/cell.ts';
import { createReconciler, type Reconciler } from '../loop/reconciler.ts';
import type { Logger } from '../observability/log/logger.ts';
import { publishers } from '../publishers/kinds.ts';
import { atMostEvery } from '../system/time/at-most-every.ts';
import { createWaker } from '../system/time/waker.ts';
import { partings } from './config-diff.ts';
import { createFollowing, createReporting } from './observers.ts';
import { createCautions } from './prepare.ts';
import { createSnapshots } from './snapshots.ts';
import { createStores, type Stores } from './stores.ts';
import { joinCredentials, type Served, unitsOf } from './unit.ts';

export interface DaemonOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of what happens, and to which units it may. */
  readonly observer?: {
    readonly report: Reporter;
    readonly serve: (units: readonly Unit[]) => void;
  };
}

/** What is configured, at work. Nothing happens without a {@link Reconciler.tick}. */
export interface Daemon extends Omit<Reconciler, 'serve'>, Pick<Stores, 'leadership'> {
  /**
   * Makes reality match another configuration: what has not changed is not touched, and nothing is fetched that was
   * not due.
   * @throws {ConfigError} when it cannot work; everything goes on as before
   */
  reload(config: Config): Promise<void>;
  /** @param lastAnswer how long a request under way may still take, in ms */
  stop(lastAnswer?: number): Promise<void>;
}

/** Where nobody tells of a neighbour's write, the records are read so often, in ms; between the reads there is rest. */
const DEAF_LOOK = SECOND;

/**
 * Joins the edges and makes ready what they need.
 * @throws {ConfigError} when a target or a needed state folder cannot work as configured
 */
export async function startDaemon(
  config: Config,
  { clock, logger, random, observer }: DaemonOptions,
): Promise<Daemon> {
  const { stateDir, stateMode, stateGid, feedbackDir } = config;
  const stores = await createStores(config, { clock, logger, random });
  // Apart from that of the stores, which has to work until the very end: then they give back what they hold.
  const kubernetes = kubernetesOf({ clock });
  const edges = { stores, clock, createPublisher: publishers({ kubernetes, clock }) };
  const waker = createWaker(clock, () => reconciler.tick());
  const caution = createCautions(logger);
  const { report, announcer } = createReporting({
    ...{ clock, random, logger },
    observer(unit, what) {
      observer?.report(unit, what);
      snapshots.report(unit, what);
    },
    stateOf: ({ id }) => reconciler.stateOf(id),
    secretRefused: stores.resign,
  });
  const reconciler = createReconciler({ clock, random, report, wakeIn: waker.in });
  const following = createFollowing({
    ...{ clock, logger, views: reconciler.views, leadership: stores.leadership },
    duration: config.cluster?.lease.duration,
  });
  const snapshots = createSnapshots({
    ...{ clock, logger, stateDir, views: following.views },
    access: { mode: stateMode, ...(stateGid !== undefined && { gid: stateGid }) },
    leader: () => stores.leadership()?.holder,
  });
  let served: ReadonlyMap<string, Served> = new Map();
  const units = (): Unit[] => unitsOf(served);

  async function join({ credentials }: Config): Promise<ReadonlyMap<string, Served>> {
    const joined = await joinCredentials(credentials, served, edges);
    await caution(credentials);
    return joined;
  }

  function serve(joined: ReadonlyMap<string, Served>): void {
    served = joined;
    const credentials = [...joined.values()].map(({ credential }) => credential);
    announcer.serve(credentials);
    reconciler.serve(units());
    stores.serve(units());
    observer?.serve(units());
    snapshots.serve(credentials);
  }

  const joined = await join(config);
  const problems = await stores.prepare(unitsOf(joined));
  if (problems.length > 0) throw new ConfigError(problems);
  serve(joined);
  const desk = refreshDesk(requestFolder(stateDir), reconciler, clock);
  const feedback = feedbackDir === undefined ? undefined : feedbackFolder(feedbackDir);
  const stirAll = () => {
    for (const { account } of units()) reconciler.invalidate(account);
  };
  const lookAround = atMostEvery(DEAF_LOOK, clock, stirAll);
  stores.start({
    changed: reconciler.invalidate,
    freed: reconciler.free,
    asked: hearing(reconciler),
    requested: () => background(desk.serve()),
  });

  function background(work: Promise<void>): void {
    work.catch((error: unknown) => logger.error('unexpected', { error }));
  }

  return {
    ...reconciler,
    leadership: stores.leadership,
    views: following.views,
    async reload(next) {
      const before = [...served.values()].map(({ credential }) => credential);
      serve(await join(next));
      for (const { message, fields } of partings(before, next.credentials, stores.placesOf))
        logger.info(message, fields);
      // A secret may be another one now, and that is only learnt by looking.
      stirAll();
      reconciler.tick();
    },
    tick() {
      if (!stores.works()) lookAround();
      reconciler.tick();
      following.look();
      snapshots.beat();
      background(desk.serve());
      if (feedback) background(feedback.scan(reconciler.refuse));
    },
    async stop(lastAnswer = LAST_ANSWER) {
      waker.stop();
      const began = clock.now().monotonic;
      const patience = setTimeout(() => void [reconciler.abort(), kubernetes.close()], lastAnswer);
      await reconciler.stop();
      clearTimeout(patience);
      await Promise.all([
        announcer.stop(),
        snapshots.stop(),
        kubernetes.close(),
        stores.close(farewell(lastAnswer, clock.now().monotonic - began)),
        ...[...served.values()].map(({ close }) => close()),
      ]);
    },
  };
}

/** Takes what another daemon has left for the one that refreshes for all as if it had been asked of this one. */
function hearing(reconciler: Pick<Reconciler, 'refreshFor' | 'refuse'>) {
  return (account: string, { refresh, refused }: Request): void => {
    if (refresh) reconciler.refreshFor(account, refresh);
    if (refused !== undefined) reconciler.refuse((value) => sha256(value.reveal()) === refused);
  };
}

/** Long enough for a slow answer, short enough for the five seconds in which a stop is over; ms. */
export const LAST_ANSWER = 3_500;

/** What is left after that to give back what is held, and the least that is needed for it; ms. */
const FAREWELL = 0.5 * SECOND;
const LEAST = 0.6 * SECOND;

/**
 * How long it may take to give back what is held.
 * @param lastAnswer how long a request under way might have taken, ms
 * @param past what has passed since the stop began, ms
 */
export function farewell(lastAnswer: number, past: number): number {
  return Math.max(LEAST, lastAnswer + FAREWELL - past);
}
