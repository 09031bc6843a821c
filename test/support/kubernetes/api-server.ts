import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { answer, type Mood } from './api.ts';
import { createCallers } from './callers.ts';
import { createFaults, type Fault } from './faults.ts';
import { createFront, type Tls } from './front.ts';
import { createStandstill } from './standstill.ts';
import { GAVE_UP, Refusal, type Refused } from './status.ts';
import { createStore, type Thing } from './store.ts';
import { createWatches } from './watches.ts';

export interface ApiServerOptions {
  /** Plain HTTP without. */
  readonly tls?: Tls;
  /** Between two bookmarks of a watch, ms (default 60 s). */
  readonly bookmarkEvery?: number;
}

/** One request, as it was answered. */
export interface Heard {
  readonly method: string;
  /** With the query. */
  readonly target: string;
  readonly status: number;
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

  function serve(request: IncomingMessage, response: ServerResponse): void {
    void text(request).then(
      (body) => server.whenMoving(() => meet(request, response, body, faults.take(request.method ?? ''))),
      () => {},
    );
  }

  function meet(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
    fault: Fault | undefined,
  ): void {
    // Given up before it was read.
    if (response.destroyed) return;
    const handle = () => etcd.whenMoving(() => obey(request, response, body, fault));
    if (fault?.kind === 'cut') response.destroy();
    else if (fault?.kind === 'give-up') say(request, response, GAVE_UP);
    else if (fault?.kind === 'answer') response.writeHead(fault.status, fault.headers).end(fault.body);
    else if (fault?.kind === 'delay') setTimeout(handle, fault.ms);
    else handle();
  }

  function obey(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
    fault: Fault | undefined,
  ): void {
    if (fault?.kind === 'before') fault.work();
    const url = new URL(`http://server${request.url}`);
    try {
      const { method = '', headers } = request;
      const contentType = headers['content-type'] ?? '';
      const asked = { caller: callers.of(request), method, contentType, url, body };
      const result = answer(asked, store, callers, mood);
      if (fault?.kind === 'lose-answer') return;
      if (fault?.kind === 'cut-answer') return void response.destroy();
      if ('watch' in result) {
        heard.push({ method: 'WATCH', target: request.url ?? '', status: 200 });
        watches.start(result.watch, url.searchParams, response);
      } else say(request, response, { status: result.status, body: result.thing });
    } catch (error) {
      const unexpected = { status: 500, body: { message: String(error) } };
      say(request, response, error instanceof Refusal ? error.refused : unexpected);
    }
  }

  function say(
    { method = '', url: target = '' }: IncomingMessage,
    response: ServerResponse,
    { status, body, contentType = 'application/json' }: Refused,
  ): void {
    heard.push({ method, target, status });
    response.writeHead(status, { 'content-type': contentType }).end(`${JSON.stringify(body)}\n`);
  }

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
