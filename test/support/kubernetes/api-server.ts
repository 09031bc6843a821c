import { answer, type Mood } from './api.ts';
import { createCallers } from './callers.ts';
import { createFaults, type Fault } from './faults.ts';
import { createFront, type Tls } from './front.ts';
import { type Heard, serving } from './serving.ts';
import { createStandstill } from './standstill.ts';
import { createStore, type Thing } from './store.ts';
import { createWatches } from './watches.ts';

export interface ApiServerOptions {
  /** Plain HTTP without. */
  readonly tls?: Tls;
  /** Between two bookmarks of a watch, ms (default 60 s). */
  readonly bookmarkEvery?: number;
}

/** An imitation of a Kubernetes API server, which does what a real one was seen to do, and breaks as one is told to. */
export interface ApiServer {
  readonly url: string;
  readonly adminToken: string;
  /** Every request that was answered, oldest first. */
  readonly heard: readonly Heard[];
  /** What the administrator asks for, through no connection that could break. @throws {Refusal} */
  direct(method: string, path: string, body?: object): Thing | undefined;
  /** How many watches are open. */
  watches(): number;
  /** It accepts and says nothing, as a stopped process. */
  freeze(): void;
  thaw(): void;
  /** How many requests have come since it stands still. */
  waiting(): number;
  /** Its etcd stands still: whatever needs that waits, and what was given up meanwhile is done all the same. */
  freezeStore(): void;
  thawStore(): void;
  /** Refuses connections, after breaking all there are. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Down and up: every version from before is too old for a watch. */
  restart(): Promise<void>;
  cutWatches(): void;
  endWatches(): void;
  /** Each watch hears an ERROR, in an answer of 200 that ends in order. */
  failWatches(code: number, reason: string): void;
  /** What befalls the next requests. */
  next(...faults: readonly Fault[]): void;
  readonly mood: Mood;
  close(): Promise<void>;
}

const ADMIN = { user: 'admin', isAdmin: true };

export async function startApiServer({
  tls,
  bookmarkEvery = 60_000,
}: ApiServerOptions = {}): Promise<ApiServer> {
  const [server, etcd] = [createStandstill(), createStandstill()];
  const store = createStore();
  const callers = createCallers();
  const faults = createFaults();
  const mood: Mood = { isStarting: false };
  const heard: Heard[] = [];
  const watches = createWatches(store, { bookmarkEvery, whenMoving: server.whenMoving });

  const serve = serving({ store, callers, faults, mood, heard, watches, server, etcd });

  function direct(method: string, path: string, body: object = {}): Thing | undefined {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const url = new URL(`http://server${path}`);
    const asked = { caller: ADMIN, method, contentType, url, body: JSON.stringify(body) };
    const result = answer(asked, store, callers, { isStarting: false });
    return 'thing' in result ? result.thing : undefined;
  }

  const front = createFront(serve, tls, server);
  await front.open();
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${front.port()}`,
    adminToken: callers.adminToken,
    heard,
    mood,
    direct,
    watches: watches.count,
    freeze: server.stop,
    thaw: server.go,
    waiting: server.waiting,
    freezeStore: etcd.stop,
    thawStore: etcd.go,
    down: front.close,
    up: front.open,
    async restart() {
      await front.close();
      store.forget();
      await front.open();
    },
    cutWatches: watches.cut,
    endWatches: watches.end,
    failWatches: watches.fail,
    next: faults.next,
    async close() {
      server.go();
      etcd.go();
      await front.close();
    },
  };
}
