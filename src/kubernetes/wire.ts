import { type Dispatcher, request } from 'undici';
import { EdgeError, type Failure } from '../core/failure.ts';
import { noting } from '../system/departure.ts';
import { version } from '../system/version.ts';
import { createAgentPool } from './agent-pool.ts';
import type { Agents, Timeouts } from './agents.ts';
import type { Connection } from './connection.ts';
import { createEndings, type Ending } from './endings.ts';
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
