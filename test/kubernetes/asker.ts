import { Agent, request } from 'undici';
import type { Connection } from '../../src/kubernetes/connection-types.ts';

interface Body extends Readonly<Record<string, unknown>> {}

/** Sends any request as it is, also those that the program would never send. */
export interface Asker {
  (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    target: string,
    body?: object | string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: Body }>;
  /** The events of a watch until it ends, or as many as are wanted. */
  watch(
    target: string,
    most?: number,
  ): Promise<{ readonly status: number; readonly events: readonly Body[] }>;
  close(): Promise<void>;
}

export async function createAsker(connection: Connection): Promise<Asker> {
  // Without keeping connections, which a server that is started again would have cut.
  const agent = new Agent({ connect: await connection.trust(), pipelining: 0 });

  async function send(method: string, target: string, body?: string, headers = {}) {
    const token = await connection.token();
    return request(`${connection.server}${target}`, {
      dispatcher: agent,
      method: method as 'GET',
      headers: { ...(token && { authorization: `Bearer ${token.reveal()}` }), ...headers },
      ...(body !== undefined && { body }),
    });
  }

  const ask = async (method: string, target: string, body?: object | string, headers = {}) => {
    const usual = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const answer = await send(method, target, text, {
      ...(text !== undefined && { 'content-type': usual }),
      ...headers,
    });
    return { status: answer.statusCode, body: parsed(await answer.body.text()) };
  };

  async function watch(target: string, most = Number.POSITIVE_INFINITY) {
    const answer = await send('GET', target);
    const events: Body[] = [];
    let rest = '';
    for await (const chunk of answer.body) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.filter((line) => line !== '').map(parsed));
      if (events.length >= most) break;
    }
    return { status: answer.statusCode, events };
  }

  return Object.assign(ask, { watch, close: () => agent.destroy() });
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
