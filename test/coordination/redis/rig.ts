import { type SharedRedis, type SharedServer, shareRedis } from '../../../src/coordination/redis/index.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { EdgeError, type Failure, PASSING } from '../../../src/core/failure.ts';
import type { AccountStore, Lease } from '../../../src/core/ports.ts';
import { verbatim } from '../../../src/core/text.ts';
import { steeredTime } from '../steered-time.ts';
import { type ModelServer, modelServer } from './model-server.ts';

export const ACCOUNT = 'weixin/access-token/wx0000000000000000';

export function redisFault(code: string, effect: Failure['effect'] = 'unsent'): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code, message: verbatim(`it said ${code}`), effect, backoff: PASSING },
  });
}

/** What befalls the calls of one daemon from now on. */
type Obstacle = (call: string, work: () => unknown) => unknown;

/** A daemon at a server that others use as well. */
export interface Desk extends SharedRedis {
  readonly store: AccountStore;
  readonly events: ClusterEvent[];
  readonly warnings: string[];
  /** What it was told, `freed` or the account that has changed. */
  readonly told: string[];
  /** What it has asked the server for. */
  readonly asked: string[];
  meet(obstacle: Obstacle): void;
  /** Its subscription is lost and comes back. */
  relisten(): void;
  locked(): Promise<Lease>;
}

/** Daemons on one server in memory, against one steered time; the server's clock can be set by itself. */
export function redisRig(atEnd: (undo: () => void) => void) {
  const time = steeredTime(atEnd);
  let offset = 0;
  const model = modelServer(() => time.clock.now().monotonic + offset);
  return {
    ...time,
    model,
    /** Somebody sets the server's clock, by so many ms. */
    setServerClock(ms: number) {
      offset += ms;
    },
    desk: (name: string) => openDesk(name, model, time.clock),
  };
}

function openDesk(name: string, model: ModelServer, clock: ReturnType<typeof steeredTime>['clock']): Desk {
  const [events, warnings, told, asked]: [ClusterEvent[], string[], string[], string[]] = [[], [], [], []];
  let obstacle: Obstacle = (_call, work) => work();
  let listening = () => {};
  const call =
    <A extends readonly unknown[], R>(what: string, work: (...args: A) => R) =>
    async (...args: A): Promise<R> => {
      asked.push(what);
      return (await obstacle(what, () => work(...args))) as R;
    };
  const { read, take, renew, free, write, keep, readPushed, keepPushed, takeTurn } = model.run;
  const server: SharedServer = {
    ...{
      name: 'the Redis connection cache',
      placeOf: () => 'the record in Redis',
      probe: call('probe', () => {}),
      probeWrite: call('probe-write', () => {}),
    },
    ...{ read: call('read', read), take: call('take', take), renew: call('renew', renew) },
    ...{ free: call('free', free), write: call('write', write), keep: call('keep', keep) },
    ...{ readPushed: call('read', readPushed), keepPushed: call('write', keepPushed) },
    takeTurn: call('turn', takeTurn),
    listen(tell, begins) {
      model.listeners.add(tell);
      listening = begins;
      begins();
    },
    close: async () => {},
  };
  const shared = shareRedis({
    ...{ server, clock, identity: { process: name, label: `host of ${name}` } },
    report: (event) => events.push(event),
    warn: (message) => warnings.push(message),
  });
  const store = shared.open(ACCOUNT);
  shared.start({ changed: (account) => told.push(account), freed: () => told.push('freed') });
  told.length = 0;
  return {
    ...shared,
    ...{ store, events, warnings, told, asked },
    meet(next) {
      obstacle = next;
    },
    relisten: () => listening(),
    async locked() {
      const lease = await store.lock('fetch');
      if (!lease) throw new Error('another one has the lock');
      return lease;
    },
  };
}
