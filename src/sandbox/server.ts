import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ControlAnswer, type ControlRequest, type Controls, problem } from './control.ts';
import { exchange, type SandboxState } from './exchange.ts';
import { readBody } from './protocol.ts';
import { RESOURCES } from './resources.ts';
import { send } from './responses.ts';

const CONTROL_BODY_LIMIT = 65_536;
const CONTROL = '/sandbox/';

/**
 * Creates the HTTP server of a sandbox, not yet listening. `/sandbox/…` is the control path, everything else the
 * platform.
 */
export function createSandboxServer(state: SandboxState): Server {
  const controls: Controls = {
    ...state,
    faults: () => state.faults,
    setFaults(faults) {
      state.faults = faults;
      for (const response of state.held) response.destroy();
    },
  };
  return createServer((incoming, response) => {
    response.sendDate = false;
    response.setHeader('date', new Date(state.clock.now()).toUTCString());
    serve(state, controls, incoming, response).catch((error: unknown) => fail(response, error));
  });
}

async function serve(
  state: SandboxState,
  controls: Controls,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.canParse(`http://sandbox${incoming.url}`)
    ? new URL(`http://sandbox${incoming.url}`)
    : undefined;
  if (!url) sendJson(response, 400, { error: 'no such address' });
  else if (url.pathname.startsWith(CONTROL)) await serveControl(controls, incoming, response, url);
  else await exchange(state, incoming, response, url);
}

async function serveControl(
  controls: Controls,
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const body = await readBody(incoming, CONTROL_BODY_LIMIT);
  const segments = url.pathname.slice(CONTROL.length).split('/');
  const request = { method: incoming.method ?? 'GET', segments, query: url.searchParams, body: body ?? '' };
  const answer =
    body === undefined ? problem(413, 'the body is longer than 64 KB') : await control(controls, request);
  // What was changed may have to be pushed, and the clock may have been moved.
  controls.pusher.wake();
  sendJson(response, answer.status, answer.body);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, {
    status,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(body)}\n`,
  });
}

/**
 * Handles an unexpected error. A caller that has disconnected gets no response; others see the error, because a
 * fake platform has nothing to hide.
 */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) response.destroy();
  else sendJson(response, 500, { error: String(error) });
}

/** Handles one control request. Problems are `{"error": …}` with 400, 404, 405 or 409. */
function control(controls: Controls, request: ControlRequest): ControlAnswer | Promise<ControlAnswer> {
  const name = Object.keys(RESOURCES).find((pattern) => fits(pattern, request.segments));
  const resource = name === undefined ? undefined : RESOURCES[name];
  if (!resource) {
    const asked = request.segments.join('/');
    return problem(404, `there is no ${asked}; there is ${Object.keys(RESOURCES).join(', ')}`);
  }
  const handler = Object.hasOwn(resource, request.method) ? resource[request.method] : undefined;
  if (!handler) return problem(405, `${name}: ${Object.keys(resource).join(', ')} only`);
  return handler(controls, request);
}

/** Whether a path is that of a resource, whose name has ids in capital letters. */
function fits(pattern: string, segments: readonly string[]): boolean {
  const names = pattern.split('/');
  if (names.length !== segments.length) return false;
  return names.every((name, position) => /^[A-Z]+$/.test(name) || name === segments[position]);
}
