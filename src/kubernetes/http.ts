import { setMaxListeners } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { Agent, type Dispatcher, errors, request } from 'undici';
import { EdgeError, type Failure } from '../core/failure.ts';
import { SECOND } from '../core/time.ts';
import { marksOf } from '../system/fs/watch-files.ts';
import { type Connector, createConnector, UNTIMED } from '../system/net/connector.ts';
import { sendGate } from '../system/net/send-gate.ts';
import { version } from '../system/process/version.ts';
import { type Deadline, startDeadline } from '../system/time/deadline.ts';
import type { Connection, Trust } from './connection-types.ts';
import { type Known, networkError } from './network-errors.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'PATCH' | 'PUT';
  /** Path on the server, with the query if there is one. */
  readonly target: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly text: string;
}

/** The open stream of a 200, or the complete text of any other response. */
export type HttpStream =
  | { readonly status: number; readonly body: Dispatcher.ResponseData['body']; readonly text?: never }
  | { readonly status: number; readonly body?: never; readonly text: string };

/** Bounded HTTP requests to the API server. The client retries nothing and follows no redirect. */
export interface HttpClient {
  /**
   * Sends a request and reads the whole response, whatever its status.
   * @throws {EdgeError} when no complete response arrived; its `effect` is `unknown` if the server may have
   *   executed the request
   */
  call(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Sends a request and waits for the beginning of its response.
   * @throws {EdgeError} when no response began
   */
  open(request: HttpRequest): Promise<HttpStream>;
  /** Aborts all requests. */
  close(): Promise<void>;
}

/** Bytes read of a response that refuses a watch. */
const REFUSAL_BYTES = 64 * 1024;

/** Creates an HTTP client, to be closed. */
export function createHttpClient(connection: Connection, timeouts: Timeouts): HttpClient {
  const closing = new AbortController();
  // One listener per request in progress: Node would report more than ten as a leak.
  setMaxListeners(0, closing.signal);
  const pool = createAgentPool(connection, timeouts);

  const begin = (ms: number, signal?: AbortSignal) =>
    startDeadline({ ms, until: signal ? [closing.signal, signal] : [closing.signal] });

  /**
   * Sends a request.
   * @param pick selects the connections to use
   * @param read takes from the response what the caller needs; the caller releases `deadline` when that is complete
   */
  async function send<A>(
    { method, target, contentType, body }: HttpRequest,
    deadline: Deadline,
    pick: (from: Agents) => Dispatcher,
    read: (response: Dispatcher.ResponseData) => Promise<A>,
  ): Promise<A> {
    let effect: Failure['effect'] = 'unsent';
    try {
      const token = await connection.token();
      const gate = sendGate(() => {
        effect = method === 'GET' ? 'none' : 'unknown';
        return true;
      });
      const answer = request(`${connection.server}${target}`, {
        dispatcher: pick(await pool.current()).compose(gate),
        method,
        signal: deadline.signal,
        ...(body !== undefined && { body }),
        headers: {
          accept: 'application/json',
          'user-agent': `wx-token-sidecar/${version}`,
          ...(token && { authorization: `Bearer ${token.reveal()}` }),
          ...(contentType && { 'content-type': contentType }),
        },
      }).then((response) => {
        if (response.statusCode === 401 || response.statusCode === 403) pool.invalidate();
        return read(response);
      });
      // undici itself obeys a signal only once it has a connection, which may never happen.
      return await Promise.race([answer, deadline.reached]);
    } catch (error) {
      deadline.release();
      if (error instanceof EdgeError) throw error;
      // An error does not always show that the TLS handshake failed: in TLS 1.3 a server that refuses a client
      // certificate may simply hang up.
      pool.invalidate();
      throw networkError(connection, error, effect, pool.known());
    }
  }

  return {
    async call(call) {
      const deadline = begin(timeouts.call, call.signal);
      const answer = await send(
        call,
        deadline,
        ({ calls }) => calls,
        async ({ statusCode: status, body }) => ({ status, text: await body.text() }),
      );
      deadline.release();
      return answer;
    },
    async open(call) {
      const deadline = begin(timeouts.opening, call.signal);
      const answer = await send(
        call,
        deadline,
        ({ watches }) => watches,
        async ({ statusCode: status, body }) =>
          status === 200 ? { status, body } : { status, text: await readBeginning(body) },
      );
      deadline.lift();
      if (answer.body) answer.body.once('close', deadline.release);
      else deadline.release();
      return answer;
    },
    async close() {
      closing.abort();
      await pool.close();
    },
  };
}

/** Reads the beginning of a response: that of a watch may be endless. */
async function readBeginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Time limits in ms. */
export interface Timeouts {
  /** Connecting, including the TLS handshake. */
  readonly connect: number;
  /** A call, from its start to the last byte of its response. */
  readonly call: number;
  /** A watch, until its response begins: a server whose store is stalled delays that. */
  readonly opening: number;
  /**
   * Silence on an open watch: the server sends a bookmark every minute, so a watch that is silent for longer is
   * dead.
   */
  readonly idle: number;
}

/**
 * Time limits of the daemon. On a link with a round trip of two seconds a connection takes four, and the first answer
 * two more.
 */
export const TIMEOUTS: Timeouts = {
  connect: 8 * SECOND,
  call: 8 * SECOND,
  opening: 10 * SECOND,
  idle: 90 * SECOND,
};

/** Connections to the API server. */
export interface Agents {
  readonly trust: Trust;
  readonly connector: Connector;
  readonly calls: Agent;
  /** Watches have their own connections: on a shared one a watch would block every call until it ends. */
  readonly watches: Agent;
}

/**
 * TCP keep-alive delay (ms): it detects a dead link within 16 s of silence. It does not detect a frozen server,
 * whose kernel still replies.
 */
const KEEP_ALIVE_DELAY = 5 * SECOND;

/**
 * Size limit of a response in bytes: an object takes at most 1.5 MiB, plus its record of who changed what (managed
 * fields).
 */
export const LARGEST_ANSWER = 4 * 1024 * 1024;

/** Maximum number of concurrent calls. */
const MAX_CALLS = 16;

function createAgents(trust: Trust, { connect: timeout, idle }: Timeouts): Agents {
  const connector = createConnector({ tls: trust, timeout, keepAliveDelay: KEEP_ALIVE_DELAY });
  const { connect } = connector;
  return {
    trust,
    connector,
    calls: new Agent({ ...UNTIMED, connect, connections: MAX_CALLS, maxResponseSize: LARGEST_ANSWER }),
    watches: new Agent({ ...UNTIMED, connect: untilSilent(connect, idle) }),
  };
}

/** How long (ms) a process that stood still has for reading what came meanwhile. */
const CATCHING_UP = SECOND;

/** Makes connections that break when nothing has come or gone for so long, ms. */
function untilSilent(connect: Connector['connect'], idle: number): Connector['connect'] {
  return (options, done) =>
    connect(options, (...outcome) => {
      const [, socket] = outcome;
      socket?.setTimeout(idle, () => {
        const { bytesRead } = socket;
        const end = () => {
          if (socket.bytesRead === bytesRead) socket.destroy(new errors.BodyTimeoutError());
        };
        setTimeout(end, CATCHING_UP).unref();
      });
      done(...outcome);
    });
}

/** The current connections. When certificates or keys are replaced, which is rare, the pool creates new ones. */
export interface AgentPool {
  /**
   * Returns the current connections.
   * @throws {EdgeError} `kube-credentials` if there have never been usable credentials
   */
  current(): Promise<Agents>;
  /** What is known of the connections, to explain a failure. */
  known(): Known;
  /**
   * Makes the pool read the credentials again before the next request, even if no file looks changed: call it when
   * the server was not satisfied.
   */
  invalidate(): void;
  /** Breaks all connections. */
  close(): Promise<void>;
}

function createAgentPool(connection: Connection, timeouts: Timeouts): AgentPool {
  let agents: Agents | undefined;
  /** State of the files when they were last read. */
  let knownFiles: string | undefined;
  let refreshing: Promise<Agents> | undefined;

  async function refresh(): Promise<Agents> {
    const marks = await marksOf(connection.files);
    if (agents && marks === knownFiles) return agents;
    const previous = agents;
    try {
      const trust = await connection.trust();
      knownFiles = marks;
      if (previous && isDeepStrictEqual(trust, previous.trust)) return previous;
      agents = createAgents(trust, timeouts);
    } catch (error) {
      // A certificate and its key are two files, of which one is replaced first: keep the old pair meanwhile.
      if (previous) return previous;
      throw error;
    }
    // Requests in progress on the old connections run to their end.
    if (previous) for (const agent of [previous.calls, previous.watches]) void agent.close();
    return agents;
  }

  return {
    current() {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    known: () => ({ namesAuthority: agents?.trust.ca !== undefined, tried: agents?.connector.tried() }),
    invalidate() {
      knownFiles = undefined;
    },
    async close() {
      await refreshing?.catch(() => {});
      const destroyed = Promise.all([agents?.calls.destroy(), agents?.watches.destroy()]);
      agents?.connector.close();
      await destroyed;
    },
  };
}
