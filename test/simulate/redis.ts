import type { After } from '../../src/coordination/redis/account-lock.ts';
import { type SharedRedis, type SharedServer, shareRedis } from '../../src/coordination/redis/index.ts';
import { EdgeError, PASSING } from '../../src/core/failure.ts';
import { verbatim } from '../../src/core/text.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { type ModelServer, modelServer } from '../coordination/redis/model-server.ts';
import type { Agenda } from './agenda.ts';
import { ACCOUNT } from './daemon.ts';
import type { Fault } from './fault.ts';
import type { Journal } from './journal.ts';
import { EPOCH, type Life } from './machine.ts';
import type { SharedState, SharedStore, Watcher } from './shared-state.ts';

/** One way takes at least and at most so long, ms. */
const SOONEST = 1;
const LATEST = 4;

/** A failover puts back what the replica held so long before, and nobody is answered for so long; ms. */
const LAG = SECOND;
const PROMOTION = 5 * SECOND;

/** After a write a failover comes within this time, ms. */
const CAUGHT = 2 * SECOND;

/** A server that is away is away for so long, ms. */
const AWAY_FOR = 5 * MINUTE;

const AWAY = new EdgeError({
  ...{ class: 'passing', code: 'redis-unreachable', effect: 'unsent', backoff: PASSING },
  message: verbatim('nobody listens'),
});
const UNANSWERED = new EdgeError({
  ...{ class: 'passing', code: 'redis-cut', effect: 'unknown', backoff: PASSING },
  message: verbatim('the connection was cut'),
});

/**
 * A server of Redis that daemons on machines of their own share: the real store and lock on a model of the server, which
 * `test/coordination/redis/scripts.test.ts` holds to be as the real one.
 */
export function createRedis(
  {
    agenda,
    random,
    journal,
    fault,
  }: { agenda: Agenda; random: () => number; journal: Journal; fault: Fault },
  end: number,
): SharedState {
  const model = modelServer(() => EPOCH + agenda.now());
  const watchers = new Map<Life, { readonly watcher: Watcher; readonly server: PlayedServer }>();
  const history: { readonly at: number; readonly entries: ReturnType<ModelServer['snapshot']> }[] = [];
  const opened = new WeakMap<Life, { readonly shared: SharedRedis; readonly server: PlayedServer }>();
  let lives = 0;
  let version = 0;
  let awayUntil = 0;

  const isAway = () => agenda.now() < awayUntil;

  function tellRested(): void {
    for (const [life, { watcher }] of watchers) {
      if (life.isOver()) watchers.delete(life);
      else if (watcher.hasRested()) life.after(0, watcher.told);
    }
  }

  function goAway(ms: number): void {
    awayUntil = agenda.now() + ms;
    agenda.at(awayUntil, () => {
      for (const { server } of watchers.values()) server.listensAgain();
    });
  }

  /** A replica takes over that had not heard of the last writes. */
  function failOver(): void {
    const lost = agenda.now() - LAG;
    const before = history.findLast(({ at }) => at <= lost);
    if (before) model.restore(before.entries);
    else model.flush();
    version += 1;
    goAway(PROMOTION * random());
  }

  function noteWrite(): void {
    version += 1;
    if (random() < (fault.failover ?? 0)) agenda.at(agenda.now() + CAUGHT * random(), failOver);
    while ((history[1]?.at ?? Number.POSITIVE_INFINITY) < agenda.now() - MINUTE) history.shift();
    agenda.at(agenda.now() + 1, () => history.push({ at: agenda.now(), entries: model.snapshot() }));
  }

  plan(fault.emptied, () => {
    model.flush();
    version += 1;
  });
  plan(fault.away, () => goAway(AWAY_FOR));

  function plan(every: number | undefined, happen: () => void): void {
    if (every === undefined) return;
    for (let time = every * random(); time < end; time += 2 * every * random())
      agenda.at(Math.floor(time), happen);
  }

  function open(life: Life): SharedStore {
    let seen = -1;
    let sent = false;
    const server = playedServer(life, {
      ...{ model, random, isAway, noteWrite, tellRested },
      isSent: () => sent,
      onRead: () => {
        seen = version;
      },
    });
    const after: After = (ms, happen) => {
      let isCancelled = false;
      life.after(ms, () => void (isCancelled || happen()));
      return () => {
        isCancelled = true;
      };
    };
    const shared = shareRedis({
      ...{ server, clock: life.clock, after, report: () => {}, warn: () => {} },
      identity: { process: `life-${lives}`, label: 'simulated' },
    });
    lives += 1;
    const store = shared.open(ACCOUNT);
    opened.set(life, { shared, server });
    return {
      ...store,
      async read() {
        // Not at the same moment, even where the server is known not to answer.
        await life.pause(1);
        return store.read();
      },
      seen: () => seen,
      forget: () => {
        seen = -1;
      },
      requestSent: () => {
        sent = true;
      },
      async write(record, lease) {
        await store.write(record, lease);
        if (record.token?.generation === record.generation) journal.answers.push(agenda.now());
        if (sent) await life.reach('saved');
      },
      async lock(purpose) {
        const lease = await store.lock(purpose);
        if (!lease) return undefined;
        sent = false;
        await life.reach('locked');
        return lease;
      },
    };
  }

  return {
    open,
    watch(life, watcher) {
      const own = opened.get(life);
      if (!own) throw new TypeError('it is opened before it is watched');
      watchers.set(life, { watcher, server: own.server });
      own.shared.start({ changed: watcher.told, freed: watcher.freed });
    },
    version: () => version,
  };
}

interface PlayedServer extends SharedServer {
  /** The connection is there again after it was cut. */
  listensAgain(): void;
}

interface Wire {
  readonly model: ModelServer;
  readonly random: () => number;
  readonly isAway: () => boolean;
  readonly noteWrite: () => void;
  readonly tellRested: () => void;
  readonly isSent: () => boolean;
  readonly onRead: () => void;
}

/** The server at the end of one daemon's wire. */
function playedServer(life: Life, wire: Wire): PlayedServer {
  const { model, random, isAway, noteWrite, tellRested, isSent, onRead } = wire;
  const way = () => life.pause(SOONEST + (LATEST - SOONEST) * random());
  let listening = () => {};

  async function ask<T>(work: () => T, done: () => Promise<void> = async () => {}): Promise<T> {
    await way();
    if (isAway()) throw AWAY;
    const answer = work();
    await done();
    await way();
    if (isAway()) throw UNANSWERED;
    return answer;
  }

  return {
    name: 'Redis',
    placeOf: (account) => account,
    probe: () => ask(() => {}),
    probeWrite: () => ask(() => {}),
    read: (account) =>
      ask(() => {
        onRead();
        return model.run.read(account);
      }),
    take: (claim) => ask(() => model.run.take(claim)),
    renew: (renewal) => ask(() => model.run.renew(renewal)),
    free: (account, lease) => ask(() => model.run.free(account, lease)),
    async write(write) {
      await life.reach(isSent() ? 'saving' : 'beginning');
      // Nobody has gone without a look for longer than half a minute: what was skipped is made up for.
      tellRested();
      await life.pause(2 * LATEST + 1);
      return ask(
        () => {
          const answer = model.run.write(write);
          if (answer === 'written') noteWrite();
          return answer;
        },
        () => life.reach('renaming'),
      );
    },
    readPushed: (account, what) => ask(() => model.run.readPushed(account, what)),
    keepPushed: (what, write) => ask(() => model.run.keepPushed(what, write)),
    keep: (...kept) => ask(() => model.run.keep(...kept)),
    takeTurn: (...turn) => ask(() => model.run.takeTurn(...turn)),
    listen(told, begins) {
      listening = begins;
      const hear = (message: string) => {
        if (life.isOver()) model.listeners.delete(hear);
        else if (!isAway()) life.after(SOONEST + (LATEST - SOONEST) * random(), () => told(message));
      };
      model.listeners.add(hear);
      life.after(SOONEST, begins);
    },
    listensAgain: () => {
      if (!life.isOver()) life.after(SOONEST, listening);
    },
    close: async () => {},
  };
}
