import { sha256 } from '../codec/encoding.ts';
import type { Config, CredentialConfig, FetchedConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { createSecretFiles } from '../config/secret-file.ts';
import type { Request } from '../coordination/cluster/secret-requests.ts';
import { feedbackFolder } from '../coordination/folder/feedback-folder.ts';
import { refreshDesk } from '../coordination/folder/refresh-desk.ts';
import { requestFolder } from '../coordination/folder/request-folder.ts';
import type { PushReport } from '../core/events/push.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { kubernetesOf } from '../kubernetes/index.ts';
import type { Reporter } from '../loop/cell.ts';
import { createReconciler, type Reconciler } from '../loop/reconciler.ts';
import type { Logger } from '../observability/log/logger.ts';
import { titledLogger } from '../observability/log/titled-logger.ts';
import type { ServerStatus } from '../observability/status/server-status.ts';
import { createCallPaces, createSharedReads } from '../providers/index.ts';
import { publishers } from '../publishers/kinds.ts';
import type { Channel } from '../push/channel.ts';
import { redisOf } from '../redis/index.ts';
import { atMostEvery } from '../system/time/at-most-every.ts';
import { createSlices } from '../system/time/slices.ts';
import { createWaker } from '../system/time/waker.ts';
import { type CodedParty, createCodeDesk } from './code-desk.ts';
import { codedParties } from './coded-parties.ts';
import { findRemoved } from './config-diff.ts';
import { createDoubt } from './doubt.ts';
import { createFeedWatches } from './feed-watches.ts';
import { feedbackNews } from './feedback-news.ts';
import type { ServedSuite } from './joined.ts';
import { createListSigns } from './list-signs.ts';
import { createLostPushes } from './lost-pushes.ts';
import { createManyAccounts, type ServedList } from './many.ts';
import { createFollowersView, createReporting } from './observers.ts';
import { createPermanentCodes } from './permanent-codes.ts';
import { clearStrayLink, createConfigWarnings, placeStateLinks } from './prepare.ts';
import { createPushEvents } from './push-events.ts';
import { createRetirement } from './retirement.ts';
import { createSnapshots } from './snapshots.ts';
import { createStores, type Stores } from './stores.ts';
import { createTargetWatches } from './target-watches.ts';
import { joinCredentials, type Served, unitsOf } from './unit.ts';

export interface DaemonOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Receives every report, and the units that are served. */
  readonly observer?: {
    readonly report: Reporter;
    readonly serve: (units: readonly Unit[]) => void;
    /** Returns what listens, and what should and cannot. */
    readonly statuses: () => readonly ServerStatus[];
  };
}

/** The running program for one configuration. It does nothing without a {@link Reconciler.tick}. */
export interface Daemon extends Omit<Reconciler, 'serve'>, Pick<Stores, 'leadership'> {
  /**
   * Applies another configuration. Unchanged credentials are not touched, and nothing is fetched that is not due.
   * @throws {ConfigError} when the configuration cannot work; the current one then stays in force
   */
  reload(config: Config): Promise<void>;
  /** The credentials whose platform pushes to the receiver, as they are served now. */
  channels(): readonly Channel[];
  /** What came of a push to the receiver. */
  pushed(report: PushReport): void;
  /** Stops the daemon and releases its locks. @param lastAnswer how long a request in flight may still take, ms */
  stop(lastAnswer?: number): Promise<void>;
}

/** Poll interval (ms) for the shared records when file-system events are unavailable. */
const POLL_INTERVAL = SECOND;

/**
 * Joins the edges and prepares the stores and targets. The first fetch waits for the first tick.
 * @throws {ConfigError} when a target, or a state folder that is needed, cannot work as configured
 */
export async function startDaemon(
  config: Config,
  { clock, random, observer, ...options }: DaemonOptions,
): Promise<Daemon> {
  let titles = titlesOf(config.credentials);
  const logger = titledLogger(options.logger, (name) => titles.get(name));
  const { stateDir, stateMode, stateGid, feedbackDir } = config;
  const stores = await createStores(config, { clock, logger, random });
  // A client apart from that of the stores, which must work until the very end, when the Lease is released.
  const kubernetes = kubernetesOf({ clock });
  const redis = redisOf(config.redis ?? [], { clock, random });
  const edges = {
    stores,
    clock,
    createPublisher: publishers({ kubernetes, redis, clock }),
    sharedReads: createSharedReads(clock),
    listRead: (party: string) => () => listSigns.listRead(party)(),
    paceOf: createCallPaces(clock, stores.takeTurn),
    secretFiles: createSecretFiles(),
    warn: ({ en, zh }: Text, fields: { readonly credential: string; readonly corp_id?: string }) =>
      logger.warn(en, { ...fields, meaning: { zh } }),
    placed: (path: string, fields: { readonly credential: string; readonly corp_id: string }) =>
      logger.info(`wrote the permanent code of a corp to ${path}`, fields),
    ticketChanged: (account: string) => changed(account),
  };
  const waker = createWaker(clock, () => reconciler.tick());
  const warnOf = createConfigWarnings(logger);
  const { report, announcer } = createReporting({
    ...{ clock, random, logger },
    observer(unit, what) {
      observer?.report(unit, what);
      snapshots.report(what);
      pushEvents.report(unit, what);
      codeDesk.report(what);
    },
    stateOf: ({ id }) => reconciler.stateOf(id),
    secretRefused: stores.resign,
  });
  const reconciler = createReconciler({
    ...{ clock, random, report, wakeIn: waker.in },
    slices: () => createSlices(clock),
  });
  const followersView = createFollowersView({
    ...{ clock, logger, views: reconciler.views, leadership: stores.leadership, holderOf: stores.holderOf },
    duration: config.cluster?.lease.duration,
  });
  const lostPushes = createLostPushes(clock);
  const views = () => lostPushes.withLost(followersView.views());
  const snapshots = createSnapshots({
    ...{ clock, logger, stateDir, views },
    pushes: lostPushes.mark,
    access: { mode: stateMode, ...(stateGid !== undefined && { gid: stateGid }) },
    leader: () => stores.leadership()?.holder,
    servers: () => observer?.statuses() ?? [],
  });
  const watches = createTargetWatches(reconciler.touched);
  let served: ReadonlyMap<string, Served> = new Map();
  /** Made once for what is served: there may be thousands, and they are asked for at every tick. */
  let credentials: readonly CredentialConfig[] = [];
  let parties: readonly CodedParty[] = [];
  let suites: readonly ServedSuite[] = [];
  /** Ends what can be taken up again; `cut` ends all that is under way. */
  const exchanges = new AbortController();
  const cut = new AbortController();
  const doubt = createDoubt({ clock, reconciler, signal: exchanges.signal });
  const mayAsk = () => stores.leadership()?.leads ?? true;
  const listSigns = createListSigns({
    ...{ clock, reconciler, units: () => units(), mayAsk, signal: exchanges.signal },
    credentials: () => credentials,
    lists: () => lists.map(({ many: { name, via }, unit }) => ({ name, via, unit })),
  });
  const codeDesk = createCodeDesk({
    ...{ clock, logger, reconciler, random, mayAsk, signal: exchanges.signal, cut: cut.signal },
    parties: () => parties,
  });
  const permanentCodes = createPermanentCodes({
    ...{ clock, logger, random },
    suites: () => suites,
  });
  const pushEvents = createPushEvents({
    ...{ clock, reconciler, follow: listSigns.follow, signal: exchanges.signal },
    lists: () =>
      lists.map(({ many: { name, via }, unit: { id } }) => ({
        ...{ name, via },
        isBusy: () => [...reconciler.views()].some(({ unit, busy }) => unit.id === id && busy),
      })),
    credentials: () => credentials,
  });
  const feeds = createFeedWatches();
  let lists: readonly ServedList[] = [];
  let isStopped = false;
  let current = config;
  const units = (): Unit[] => [...unitsOf(served), ...lists.map(({ unit }) => unit)];

  const many = createManyAccounts({
    ...{
      clock,
      logger,
      sharedReads: edges.sharedReads,
      listRead: edges.listRead,
      paceOf: edges.paceOf,
      stores,
    },
    changed: () => inTurn(() => relist()),
    turned: (name, isBack) => background(doubt(name, isBack)),
  });
  const retire = createRetirement(edges.createPublisher, stores.forget, logger);
  /** What is left of accounts that are gone is removed list by list. */
  let retiring = Promise.resolve();
  /** One configuration, or list of accounts, after the other. */
  let turn = Promise.resolve();

  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  }

  /** What is to be served, with what was there before and goes on. */
  async function join(next: Config): Promise<Joined> {
    const { served: listed, gone } = await many.accounts(next);
    const credentials = [...next.credentials, ...listed];
    const joined = await joinCredentials(credentials, served, edges);
    // The lines about a credential that is no longer served name its title as well.
    titles = titlesOf([...credentials, ...(next.many ?? [])], titles);
    await warnOf(next.credentials);
    return { config: next, joined, lists: many.lists(next, lists), gone };
  }

  function serve({ config: next, joined, lists: listed, gone }: Joined): void {
    current = next;
    served = joined;
    lists = listed;
    credentials = [...joined.values()].map(({ credential }) => credential);
    parties = codedParties(joined, {
      ...{ stores, report, relist: pushEvents.relist },
      keepPermanentCode: permanentCodes.keep,
    });
    suites = [...joined.values()].flatMap(({ permanentCodes: kept, units: [unit] }) =>
      kept && unit ? [{ ...kept, unit }] : [],
    );
    announcer.serve(credentials);
    reconciler.serve(units());
    stores.serve(units());
    feeds.serve(joined);
    observer?.serve(units());
    snapshots.serve([...next.credentials, ...(next.many ?? [])]);
    watches.serve(units());
    retiring = retiring.then(() => retire(gone));
    background(retiring);
  }

  /** Serves the accounts that the lists tell of now. */
  async function relist(): Promise<void> {
    if (isStopped) return;
    serve(await join(current));
    reconciler.tick();
  }

  const joined = await join(config);
  if (config.stateOrigin === 'new') await clearStrayLink(stateDir, logger);
  const problems = await stores.prepare([...unitsOf(joined.joined), ...joined.lists.map(({ unit }) => unit)]);
  if (problems.length > 0) throw new ConfigError(problems);
  let linked = placeStateLinks(stateDir, config.stateLinks);
  serve(joined);
  const desk = refreshDesk(requestFolder(stateDir, clock), reconciler, clock);
  const feedback =
    feedbackDir === undefined ? undefined : feedbackFolder(feedbackDir, feedbackNews(feedbackDir, logger));
  const invalidateAll = () => {
    for (const { account } of units()) reconciler.invalidate(account);
  };
  const pollRecords = atMostEvery(POLL_INTERVAL, clock, invalidateAll);
  stores.start({
    changed,
    freed() {
      reconciler.free();
      for (const { unit } of parties) background(codeDesk.look(unit.account));
    },
    asked: onForwardedRequest(reconciler),
    requested: () => background(desk.serve()),
  });

  /** What is kept of an account may be another one: its record, its pushed ticket, the codes that it was pushed, or what they brought. */
  function changed(account: string): void {
    reconciler.invalidate(account);
    background(permanentCodes.look(account));
    background(codeDesk.look(account));
  }

  function background(work: Promise<void>): void {
    work.catch((error: unknown) => logger.error('unexpected error', { error }));
  }

  return {
    ...reconciler,
    leadership: stores.leadership,
    views,
    pushed: lostPushes.pushed,
    channels: () =>
      [...served.values()].flatMap(({ channel }) =>
        channel
          ? {
              ...channel,
              event: (event) =>
                background(pushEvents.happened(channel.credential, event, channel.codes !== undefined)),
            }
          : [],
      ),
    reload(next) {
      return inTurn(async () => {
        const before = credentials;
        serve(await join(next));
        linked = placeStateLinks(stateDir, next.stateLinks);
        for (const { message, fields } of findRemoved(before, credentials, stores.placesOf))
          logger.info(message, fields);
        titles = titlesOf([...credentials, ...(next.many ?? [])]);
        // A secret may have changed, which the daemon learns only by reading it again.
        invalidateAll();
        reconciler.tick();
      });
    },
    tick() {
      if (!stores.works()) pollRecords();
      reconciler.tick();
      followersView.look();
      snapshots.beat();
      background(desk.serve());
      background(permanentCodes.look());
      background(codeDesk.look());
      listSigns.tick();
      pushEvents.tick();
      if (feedback) background(feedback.scan((isIt) => reconciler.doubt(isIt, 'reader')));
    },
    async stop(lastAnswer = LAST_ANSWER) {
      waker.stop();
      isStopped = true;
      exchanges.abort();
      watches.stop();
      const began = clock.now().monotonic;
      let giveUp = () => {};
      const isLate = new Promise<void>((resolve) => {
        giveUp = resolve;
      });
      const patience = setTimeout(
        () => void [cut.abort(), reconciler.abort(), kubernetes.close(), redis.close(), giveUp()],
        lastAnswer,
      );
      await Promise.all([reconciler.stop(), codeDesk.finish()]);
      // What has begun is not left half removed; the next start goes on with the rest.
      await Promise.race([retiring.catch(() => {}), isLate]);
      clearTimeout(patience);
      const rest = releaseBudget(lastAnswer, clock.now().monotonic - began);
      await Promise.all([
        linked,
        feeds.close(),
        announcer.stop(),
        snapshots.stop(rest),
        kubernetes.close(),
        redis.close(),
        stores.close(rest),
        ...[...served.values(), ...lists].map(({ close }) => close()),
      ]);
    },
  };
}

/** What a configuration comes to, before it is served. */
interface Joined {
  readonly config: Config;
  readonly joined: ReadonlyMap<string, Served>;
  readonly lists: readonly ServedList[];
  readonly gone: readonly FetchedConfig[];
}

/** The titles of credentials by name, of those that have one. @param others titles of credentials that may be gone */
function titlesOf(
  credentials: readonly Pick<CredentialConfig, 'name' | 'title'>[],
  others: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const titles = new Map(others);
  for (const { name, title } of credentials) {
    if (title === undefined) titles.delete(name);
    else titles.set(name, title);
  }
  return titles;
}

/** Handles a request that a follower forwarded to the leader, as if it had been made here. */
function onForwardedRequest(reconciler: Pick<Reconciler, 'refreshFor' | 'doubt'>) {
  return (account: string, { refresh, refused, by }: Request): void => {
    if (refresh) reconciler.refreshFor(account, refresh);
    if (refused !== undefined)
      reconciler.doubt((value) => sha256(value.reveal()) === refused, by ?? 'reader');
  };
}

/**
 * How long a request in flight may still take when the daemon stops, ms: a slow answer fits, and so does the whole
 * stop in five seconds.
 */
export const LAST_ANSWER = 3_500;

/** Time after {@link LAST_ANSWER} for releasing the Lease, and the least time that this needs; ms. */
const RELEASE_EXTRA = 0.5 * SECOND;
const LEAST_RELEASE = 0.6 * SECOND;

/**
 * How long the release of the Lease may take, ms.
 * @param lastAnswer how long a request in flight was allowed to take, ms
 * @param past time since the stop began, ms
 */
export function releaseBudget(lastAnswer: number, past: number): number {
  return Math.max(LEAST_RELEASE, lastAnswer + RELEASE_EXTRA - past);
}
