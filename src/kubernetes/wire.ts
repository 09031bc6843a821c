import { isDeepStrictEqual } from 'node:util';
import { type Dispatcher, request } from 'undici';
import { EdgeError } from '../core/failure.ts';
import { noting } from '../system/departure.ts';
import { version } from '../system/version.ts';
import { type Agents, createAgents, type Timeouts } from './agents.ts';
import type { Connection } from './connection.ts';
import { noAnswer } from './no-answer.ts';

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
  const closing = new AbortController();
  let agents: Agents | undefined;

  async function ready(): Promise<Agents> {
    agents ??= createAgents(await connection.trust(), timeouts);
    return agents;
  }

  /** Certificates are replaced, if rarely: after a handshake that failed those of the files may be others. */
  async function renew(): Promise<void> {
    const before = agents;
    const trust = await connection.trust().catch(() => before?.trust);
    if (!before || agents !== before || !trust || isDeepStrictEqual(trust, before.trust)) return;
    agents = createAgents(trust, timeouts);
    for (const agent of [before.calls, before.watches]) void agent.close();
  }

  async function bounded<A>(
    { method, target, contentType, body, signal }: WireRequest,
    limit: number,
    pick: (from: Agents) => Dispatcher,
    read: (response: Dispatcher.ResponseData) => Promise<A>,
  ): Promise<A> {
    // Not AbortSignal.timeout: `any` holds it weakly, and once it has been collected nothing ends the request.
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(new DOMException('too late', 'TimeoutError')), limit);
    const end = AbortSignal.any([closing.signal, clock.signal, ...(signal ? [signal] : [])]);
    let departed = false;
    try {
      const token = await connection.token();
      const dispatcher = pick(await ready()).compose(
        noting(() => {
          departed = true;
        }),
      );
      const answer = request(`${connection.server}${target}`, {
        dispatcher,
        method,
        signal: end,
        ...(body !== undefined && { body }),
        headers: {
          accept: 'application/json',
          'user-agent': `wx-token-sidecar/${version}`,
          ...(token && { authorization: `Bearer ${token.reveal()}` }),
          ...(contentType && { 'content-type': contentType }),
        },
      }).then(read);
      return await Promise.race([answer, ending(end)]);
    } catch (error) {
      if (error instanceof EdgeError) throw error;
      const failed = noAnswer(connection, error, departed);
      if (failed.code.startsWith('kube-tls')) await renew();
      throw failed;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    call: (call) =>
      bounded(
        call,
        timeouts.call,
        ({ calls }) => calls,
        async ({ statusCode: status, body }) => ({ status, text: await body.text() }),
      ),
    open: (call) =>
      bounded(
        call,
        timeouts.opening,
        ({ watches }) => watches,
        async ({ statusCode: status, body }) =>
          status === 200 ? { status, body } : { status, text: await shortText(body) },
      ),
    async close() {
      closing.abort();
      await Promise.all([agents?.calls.destroy(), agents?.watches.destroy()]);
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

/** Rejects when the signal comes. Undici itself obeys one only once it has a connection, which may be never. */
function ending(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
