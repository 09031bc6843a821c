import type { ServerResponse } from 'node:http';
import { keyOf, type Route } from './route.ts';
import { Refusal } from './status.ts';
import type { Change, Store, Thing } from './store.ts';

export interface Watches {
  /** Answers with a stream of events, until `timeoutSeconds` or for ever. */
  start(route: Route, query: URLSearchParams, response: ServerResponse): void;
  /** How many are open. */
  count(): number;
  /** The connections break. */
  cut(): void;
  /** The answers end in order. */
  end(): void;
  /** Each says ERROR and ends in order. */
  fail(code: number, reason: string): void;
}

export interface WatchRules {
  /** Between two bookmarks, ms. */
  readonly bookmarkEvery: number;
  /** Does something at once, or when the server moves again. */
  readonly whenMoving: (work: () => void) => void;
}

/** Streams of events: from no version `ADDED` and then live, from an old one an ERROR in an answer of 200. */
export function createWatches(store: Store, { bookmarkEvery, whenMoving }: WatchRules): Watches {
  const open = new Set<{ readonly response: ServerResponse; readonly tell: (event: object) => void }>();

  function start(route: Route, query: URLSearchParams, response: ServerResponse): void {
    const from = query.get('resourceVersion') ?? '';
    if (from !== '' && !/^\d+$/.test(from))
      throw new Refusal(500, '', `strconv.ParseUint: parsing "${from}"`);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const tell = (event: object) =>
      whenMoving(() => response.writableEnded || response.write(`${JSON.stringify(event)}\n`));
    const key = keyOf(route);
    // From a version of the future there is nothing until that is reached, and nobody says so.
    const about = (change: Change) =>
      change.key === key && change.version > Number(from) && tell(eventOf(change));

    const replay = from === '' || from === '0' ? [] : store.since(Number(from));
    if (!replay) {
      tell(errorOf(410, 'Expired', `too old resource version: ${from} (${store.version()})`));
      response.end();
      return;
    }
    const now = store.get(key);
    if ((from === '' || from === '0') && now) tell({ type: 'ADDED', object: now });
    for (const change of replay) about(change);
    const bookmarks = query.get('allowWatchBookmarks') === 'true';
    const kind = route.resource === 'leases' ? 'Lease' : 'Secret';
    if (bookmarks && from === '') tell(bookmark(kind, store, { 'k8s.io/initial-events-end': 'true' }));

    const life = Number(query.get('timeoutSeconds') ?? 0) * 1000;
    const self = { response, tell };
    open.add(self);
    const undo = [
      store.listen(about),
      ticking(() => bookmarks && tell(bookmark(kind, store)), bookmarkEvery),
      ending(life - 2_000, () => bookmarks && tell(bookmark(kind, store))),
      ending(life, () => whenMoving(() => response.end())),
      () => open.delete(self),
    ];
    response.once('close', () => {
      for (const each of undo) each();
    });
  }

  return {
    start,
    count: () => open.size,
    cut: () => {
      for (const { response } of open) response.destroy();
    },
    end: () => {
      for (const { response } of open) response.end();
    },
    fail: (code, reason) => {
      for (const { response, tell } of open) {
        tell(errorOf(code, reason, 'context deadline exceeded'));
        response.end();
      }
    },
  };
}

function eventOf({ type, thing }: Change): { type: string; object: Thing } {
  return { type, object: thing };
}

function errorOf(code: number, reason: string, message: string) {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return { type: 'ERROR', object: status };
}

function bookmark(kind: string, store: Store, annotations?: Readonly<Record<string, string>>) {
  const metadata = {
    resourceVersion: String(store.version()),
    creationTimestamp: null,
    ...(annotations && { annotations }),
  };
  return { type: 'BOOKMARK', object: { kind, metadata } };
}

function ticking(work: () => void, every: number): () => void {
  const timer = setInterval(work, every);
  return () => clearInterval(timer);
}

function ending(after: number, work: () => void): () => void {
  if (after <= 0) return () => {};
  const timer = setTimeout(work, after);
  return () => clearTimeout(timer);
}
