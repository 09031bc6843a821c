import { isDeepStrictEqual } from 'node:util';
import { Agent, type Dispatcher, request } from 'undici';
import { EdgeError, type Failure } from '../core/failure.ts';
import { SECOND } from '../core/time.ts';
import { marksOf } from '../system/fs/watch-files.ts';
import { noting } from '../system/net/send-gate.ts';
import { version } from '../system/process/version.ts';
import type { Connection, Trust } from './connection-types.ts';
import { noAnswer } from './network-errors.ts';

export interface WireRequest {
  readonly method: 'GET' | 'PATCH' | 'PUT';
  /** With a query, where there is one. */
  readonly target: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface WireAnswer {
  readonly status: number;
  readonly text: string;
}

/** A 200, which goes on, or another answer, which is over. */
export type WireStream =
  | { readonly status: number; readonly body: Dispatcher.ResponseData['body']; readonly text?: never }
  | { readonly status: number; readonly body?: never; readonly text: string };

/** HTTP with the API server, everything bounded. Nothing is retried, and no redirect followed. */
export interface Wire {
  /** @throws {EdgeError} where no whole answer came; its `effect` is `unknown` where the request may have been obeyed */
  call(request: WireRequest): Promise<WireAnswer>;
  /** @throws {EdgeError} where no answer began */
  open(request: WireRequest): Promise<WireStream>;
  /** Ends everything under way. */
  close(): Promise<void>;
}

/** Bytes of an answer that refuses a watch. */
const LARGEST_REFUSAL = 64 * 1024;

export function createWire(connection: Connection, timeouts: Timeouts): Wire {
  const endings = createEndings();
  const pool = createAgentPool(connection, timeouts);

  /** @param read takes what it needs of an answer, and says by `ending` when that is over */
  async function send<A>(
    { method, target, contentType, body }: WireRequest,
    ending: Ending,
    pick: (from: Agents) => Dispatcher,
    read: (response: Dispatcher.ResponseData) => Promise<A>,
  ): Promise<A> {
    let effect: Failure['effect'] = 'unsent';
    try {
      const token = await connection.token();
      const noted = noting(() => {
        effect = method === 'GET' ? 'none' : 'unknown';
        return true;
      });
      const answer = request(`${connection.server}${target}`, {
        dispatcher: pick(await pool.current()).compose(noted),
        method,
        signal: ending.signal,
        ...(body !== undefined && { body }),
        headers: {
          accept: 'application/json',
          'user-agent': `wx-token-sidecar/${version}`,
          ...(token && { authorization: `Bearer ${token.reveal()}` }),
          ...(contentType && { 'content-type': contentType }),
        },
      }).then((response) => {
        if (response.statusCode === 401 || response.statusCode === 403) pool.doubt();
        return read(response);
      });
      return await Promise.race([answer, ending.reached]);
    } catch (error) {
      ending.over();
      if (error instanceof EdgeError) throw error;
      // Whether it is the handshake is not always told: in TLS 1.3 who refuses a client certificate may just hang up.
      pool.doubt();
      throw noAnswer(connection, error, effect, pool.namesAuthority());
    }
  }

  return {
    async call(call) {
      const ending = endings.begin(timeouts.call, call.signal);
      const answer = await send(
        call,
        ending,
        ({ calls }) => calls,
        async ({ statusCode: status, body }) => ({ status, text: await body.text() }),
      );
      ending.over();
      return answer;
    },
    async open(call) {
      const ending = endings.begin(timeouts.opening, call.signal);
      const answer = await send(
        call,
        ending,
        ({ watches }) => watches,
        async ({ statusCode: status, body }) =>
          status === 200 ? { status, body } : { status, text: await shortText(body) },
      );
      ending.inTime();
      if (answer.body) answer.body.once('close', ending.over);
      else ending.over();
      return answer;
    },
    async close() {
      endings.end();
      await pool.close();
    },
  };
}

/** Here an answer may be endless. */
async function shortText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LARGEST_REFUSAL) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** How one request may end before its answer does. */
export interface Ending {
  readonly signal: AbortSignal;
  /** Rejects when the signal comes. Undici itself obeys one only once it has a connection, which may be never. */
  readonly reached: Promise<never>;
  /** In time: from now on only the one who asked, or the end of all, ends it. */
  inTime(): void;
  /** It is over; nothing of it stays behind. */
  over(): void;
}

export interface Endings {
  /** @param limit ms */
  begin(limit: number, signal?: AbortSignal): Ending;
  /** Ends all that is under way, and all that begins from now on. */
  end(): void;
}

/**
 * By hand, not by `AbortSignal.any` and `AbortSignal.timeout`: Node 20 never lets go of a composite signal that somebody
 * listened to, and a leader renews its Lease every two seconds for months.
 */
function createEndings(): Endings {
  const underWay = new Set<AbortController>();
  let isOver = false;

  return {
    begin(limit, asked) {
      const controller = new AbortController();
      const { signal } = controller;
      const stop = () => controller.abort();
      const stopFor = () => controller.abort(asked?.reason);
      const timer = setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), limit);
      underWay.add(controller);
      asked?.addEventListener('abort', stopFor, { once: true });
      const reached = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      // Nobody may be waiting for it any more.
      reached.catch(() => {});
      if (isOver) stop();
      if (asked?.aborted) stopFor();
      return {
        signal,
        reached,
        inTime: () => clearTimeout(timer),
        over() {
          clearTimeout(timer);
          asked?.removeEventListener('abort', stopFor);
          underWay.delete(controller);
        },
      };
    },
    end() {
      isOver = true;
      for (const controller of underWay) controller.abort();
    },
  };
}

/** Milliseconds. */
export interface Timeouts {
  /** A connection with its handshake. */
  readonly connect: number;
  /** A call from its beginning to the last byte of its answer. */
  readonly call: number;
  /** A watch until its answer begins: a server whose store stands still holds that back. */
  readonly opening: number;
  /** A watch without a byte: the server sends a bookmark every minute, so one that is silent for longer is lost. */
  readonly idle: number;
}

export const TIMEOUTS: Timeouts = {
  connect: 3 * SECOND,
  call: 5 * SECOND,
  opening: 10 * SECOND,
  idle: 90 * SECOND,
};

/** Connections to the API server. */
export interface Agents {
  readonly trust: Trust;
  readonly calls: Agent;
  /** Of their own: on a shared connection a watch would hold up every call until it ends. */
  readonly watches: Agent;
}

/** What finds a dead link within 16 s of silence; a frozen server it does not find, its kernel answers. */
const PROBE_AFTER = 5 * SECOND;

/** Bytes of an answer: an object is at most 1.5 MiB, and says of itself who changed what. */
export const LARGEST_ANSWER = 4 * 1024 * 1024;

/** At most so many calls are under way. */
const CONNECTIONS = 16;

function createAgents(trust: Trust, { connect: timeout, idle }: Timeouts): Agents {
  const connect = { timeout, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER, ...trust };
  return {
    trust,
    calls: new Agent({ connect, connections: CONNECTIONS, maxResponseSize: LARGEST_ANSWER }),
    watches: new Agent({ connect, headersTimeout: 0, bodyTimeout: idle }),
  };
}

/** The connections of the moment. Certificates and keys are replaced, if rarely: then they are made anew. */
export interface AgentPool {
  /** @throws {EdgeError} `kube-credentials` where there have never been any */
  current(): Promise<Agents>;
  /** Whether the authorities of the API server were named, and are not those that the system trusts. */
  namesAuthority(): boolean;
  /** The server was not satisfied: before the next request all is read again, also where no file looks changed. */
  doubt(): void;
  /** Breaks them. */
  close(): Promise<void>;
}

function createAgentPool(connection: Connection, timeouts: Timeouts): AgentPool {
  let agents: Agents | undefined;
  /** How the files were found when they were read last. */
  let known: string | undefined;
  let looking: Promise<Agents> | undefined;

  async function look(): Promise<Agents> {
    const marks = await marksOf(connection.files);
    if (agents && marks === known) return agents;
    const before = agents;
    try {
      const trust = await connection.trust();
      known = marks;
      if (before && isDeepStrictEqual(trust, before.trust)) return before;
      agents = createAgents(trust, timeouts);
    } catch (error) {
      // A certificate and its key are two files, and one of them is written first.
      if (before) return before;
      throw error;
    }
    // What is under way on them goes on to its end.
    if (before) for (const agent of [before.calls, before.watches]) void agent.close();
    return agents;
  }

  return {
    current() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    namesAuthority: () => agents?.trust.ca !== undefined,
    doubt() {
      known = undefined;
    },
    async close() {
      await looking?.catch(() => {});
      await Promise.all([agents?.calls.destroy(), agents?.watches.destroy()]);
    },
  };
}
